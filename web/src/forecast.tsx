// What will be spent (/api/forecast), in a sentence and as a chart; in the zone that the browser is in.
import { useMemo } from "preact/hooks";
import { useApi } from "./api";
import { Chart, type Line } from "./chart";
import { share, usd } from "./format";
import { Wait } from "./parts";
import type { Expected, ForecastData } from "./types";

const kZone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
export const useForecast = () => useApi<ForecastData>(`/api/forecast?time_zone=${encodeURIComponent(kZone)}`, 60_000);

const known = (e: Expected) => e.basis !== "too little history";

// "$12.00 ($10.20 to $15.10)"
export const expectedText = (e: Expected) => usd(e.expected_usd) + (known(e) ? ` (${usd(e.low_usd)} to ${usd(e.high_usd)})` : "");

function sentence(data: ForecastData): string {
    const of = (window: string) => data.windows.find((w) => w.window === window && w.tenant === null);
    const [day, week, month] = [of("day"), of("week"), of("month")];
    if (!day || !week || !month) return "";
    const ends = `${expectedText(day)} by the end of today, ${expectedText(week)} of the week, ${expectedText(month)} of the month`;
    return known(month) ? `Expected: ${ends}. ${share(data.interval, 0)} of what comes is in such an interval.`
        : `At the mean pace so far: ${ends}. There is too little history for an interval; after two weeks there is one.`;
}

function Shown({ data }: { data: ForecastData }) {
    const at = useMemo(() => data.month.map((p) => p.at_unix_us), [data]);
    const month = data.windows.find((w) => w.window === "month" && w.tenant === null);
    const lines = useMemo<Line[]>(() => {
        const all: Line[] = [{ label: "spent", colour: "--accent", fill: true, values: data.month.map((p) => p.spent_usd) },
            { label: "expected", colour: "--accent", dash: true, values: data.month.map((p) => p.expected_usd) }];
        if (month && known(month)) for (const [label, key] of [["low", "low_usd"], ["high", "high_usd"]] as const) {
            all.push({ label, colour: "--muted", dash: true, values: data.month.map((p) => p[key]) });
        }
        return all;
    }, [data]);
    const says = sentence(data);
    return <div><Chart title="This month’s spending" at={at} lines={lines} show={usd} says={says} /><p class="note under">{says}</p></div>;
}

export const Forecast = () => <Wait asked={useForecast()}>{(data) => <Shown data={data} />}</Wait>;
