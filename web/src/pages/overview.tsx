import { useMemo } from "preact/hooks";
import { useApi } from "../api";
import { Chart, type Line } from "../chart";
import { count, dash, duration, share, usd } from "../format";
import { Forecast } from "../forecast";
import { Empty, Figure, kTiers, Page, RangePicker, rangeOf, Table, Tier, toRequests, Wait } from "../parts";
import type { OverviewData, PageProps, Sums } from "../types";
import { Firing } from "./alerts";

const kAll = { purpose: "all" };
const running = (values: (number | null)[]) => { let sum = 0; return values.map((v) => (sum += v ?? 0)); };

type Row = { tier: string; own?: boolean; href: string } & Sums;

function Shown({ data, since }: { data: OverviewData; since: string }) {
    const { total, series } = data;
    const at = useMemo(() => series.map((p) => p.at_unix_us), [series]);
    const money = useMemo<Line[]>(() => [
        { label: "without Weir", colour: "--muted", dash: true, values: running(series.map((p) => p.counterfactual_usd)) },
        { label: "spent", colour: "--accent", fill: true, values: running(series.map((p) => p.cost_usd)) }], [series]);
    const tiers = useMemo<Line[]>(() => kTiers.map((tier) => ({ label: tier, colour: `--${tier}`, filter: { tier },
        values: series.map((p) => (p.requests ? (p.by_tier[tier] ?? 0) / p.requests : 0)) })), [series]);
    const latency = useMemo<Line[]>(() => [{ label: "mean", colour: "--accent", values: series.map((p) => p.latency_mean_us) },
        ...([["median", "latency_p50_us", "--exact"], ["95 % within", "latency_p95_us", "--model"], ["99 % within", "latency_p99_us", "--bad"]] as const)
            .filter(([, member]) => total[member] !== undefined).map(([label, member, colour]) => ({ label, colour, values: series.map((p) => p[member] ?? null) }))], [series]);
    const errors = useMemo<Line[]>(() => [{ label: "errors", colour: "--bad", fill: true, filter: { status: "error" }, values: series.map((p) => p.errors) }], [series]);
    if (total.requests === 0) return <Empty><h2>No requests in this range</h2>
        <p>Point a client’s <code>base_url</code> at Weir’s address and ask something, or choose a longer range. The first request shows here when it is settled.</p></Empty>;
    const saved = total.saved_usd, would = total.counterfactual_usd;
    const part = saved !== null && would ? saved / would : null;
    const own = Object.values(data.own).reduce((sum, s) => sum + (s.cost_usd ?? 0), 0);
    // Requests by who answered, what Weir asked on its own account by why, and their sum: the headline's.
    const tierRows = Object.entries(data.by_tier).map(([tier, sums]): Row => ({ tier, href: toRequests({ since, tier }), ...sums }));
    const rows: Row[] = [...tierRows,
        ...Object.entries(data.own).map(([purpose, sums]): Row => ({ tier: purpose, own: true, href: toRequests({ since, purpose }), ...sums })),
        { tier: "total", href: toRequests({ since, purpose: "all" }), ...total }];
    const all = toRequests({ since, purpose: "all" });
    const cut = { step: data.step_us, since: data.since_unix_us, until: data.until_unix_us };
    return <>
        <dl class="figures">
            <Figure big label="Net savings" value={usd(saved)} href={all} note={<>{share(part)} of {usd(would)}; <a href={toRequests({ since, purpose: "own" })}>Weir’s own questions</a> ({usd(own)}) are taken off</>} />
            <Figure label="Spent" value={usd(total.cost_usd)} href={all} note={total.unpriced ? `${count(total.unpriced)} without a known price` : "all priced"} />
            <Figure label="The reference would have cost" value={usd(would)} href={toRequests({ since })} />
            <Figure label="Requests" value={count(total.requests)} href={toRequests({ since })} />
            <Figure label="Errors" value={count(total.errors)} href={toRequests({ since, status: "error" })} note={share(total.errors / total.requests, 2)} />
            <Figure label="Mean latency" value={duration(total.latency_mean_us)} href={toRequests({ since })} {...(total.latency_p95_us != null ? { note: `95 % within ${duration(total.latency_p95_us)}` } : {})} />
        </dl>
        <div class="charts">
            <Chart title="Dollars, summed up" at={at} {...cut} filter={kAll} lines={money} show={usd} says={`${usd(total.cost_usd)} spent; the reference would have cost ${usd(would)}.`} />
            <Chart title="Who answered" at={at} {...cut} lines={tiers} stacked show={(v) => share(v, 0)}
                says={tierRows.map((r) => `${r.tier} ${share(r.requests / total.requests, 0)}`).join(", ") + "."} />
            <Chart title="Latency" at={at} {...cut} lines={latency} show={duration} says={`The mean is ${duration(total.latency_mean_us)}.`} />
            <Chart title="Errors" at={at} {...cut} lines={errors} show={count} says={`${count(total.errors)} of ${count(total.requests)} requests failed.`} />
        </div>
        <Table name="tiers" caption="By tier" rows={rows} href={(r) => r.href} columns={[
            { key: "tier", label: "Tier", show: (r) => <a href={r.href}>{r.own ? `Weir\u2019s own: ${r.tier}` : r.tier === "total" ? "total" : <Tier name={r.tier} />}</a> },
            { key: "requests", label: "Requests", numeric: true, show: (r) => (r.own ? dash : count(r.requests)) },
            { key: "errors", label: "Errors", numeric: true, show: (r) => (r.own ? dash : count(r.errors)) },
            { key: "cost_usd", label: "Cost", numeric: true, show: (r) => usd(r.cost_usd) },
            { key: "counterfactual_usd", label: "Reference", numeric: true, show: (r) => usd(r.counterfactual_usd) },
            { key: "saved_usd", label: "Saved", numeric: true, show: (r) => usd(r.saved_usd) },
            { key: "latency_mean_us", label: "Mean latency", numeric: true, show: (r) => duration(r.latency_mean_us) }]} />
    </>;
}

export function Overview({ route }: PageProps) {
    const since = rangeOf(route);
    const asked = useApi<OverviewData>(`/api/overview?since=${since}`, 10_000);
    return <Page title="Overview" side={<RangePicker route={route} />}><Firing />
        <Wait asked={asked}>{(data) => <><Shown data={data} since={since} />{data.total.requests > 0 && <Forecast />}</>}</Wait></Page>;
}
