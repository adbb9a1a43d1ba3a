// Numbers and times as they are shown. What is not known is a dash, never 0.
export const dash = "\u2013";
type Maybe = number | null | undefined;
const known = (value: Maybe): value is number => typeof value === "number" && Number.isFinite(value);
const grouped = (value: number, digits = 0) =>
    value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const minus = (text: string) => text.replace("-", "\u2212");

export function usd(value: Maybe): string {
    if (!known(value)) return dash;
    const size = Math.abs(value);
    const digits = size >= 1000 ? 0 : size >= 1 || size === 0 ? 2 : size >= 0.01 ? 4 : 6;
    return minus((value < 0 ? "-$" : "$") + grouped(size, digits));
}

export const count = (value: Maybe) => (known(value) ? minus(grouped(value)) : dash);

export function share(value: Maybe, digits = 1): string {
    return known(value) ? minus(grouped(value * 100, digits)) + "\u202f%" : dash;
}

// "0.8 % (0.3 to 1.9)"
export function interval(value: Maybe, low: Maybe, high: Maybe): string {
    if (!known(value)) return dash;
    const to = known(low) && known(high) ? ` (${grouped(low * 100, 1)} to ${grouped(high * 100, 1)})` : "";
    return share(value) + to;
}

// Of answers that were compared: the share that says something else.
export function graded(of: { answers: number; share: number; share_low: number; share_high: number } | undefined): string {
    return of && of.answers > 0 ? interval(of.share, of.share_low, of.share_high) : dash;
}

export function duration(micros: Maybe): string {
    if (!known(micros)) return dash;
    if (micros < 1000) return `${Math.round(micros)}\u202f\u00b5s`;
    if (micros < 1e6) return `${grouped(micros / 1000, micros < 1e4 ? 1 : 0)}\u202fms`;
    if (micros < 6e7) return `${grouped(micros / 1e6, 2)}\u202fs`;
    return `${grouped(micros / 6e7, 1)}\u202fmin`;
}

const two = (value: number) => String(value).padStart(2, "0");

export function clock(unixMicros: Maybe, withDay = true): string {
    if (!known(unixMicros) || unixMicros <= 0) return dash;
    const at = new Date(unixMicros / 1000);
    const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
    return withDay ? `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}` : time;
}

export function bytes(value: Maybe): string {
    if (!known(value)) return dash;
    if (value < 1024) return `${value} B`;
    return value < 1048576 ? `${grouped(value / 1024, 1)} KiB` : `${grouped(value / 1048576, 1)} MiB`;
}

export interface Step { tier: string; verdict: string; said?: string; budget?: string; score?: number; needed?: number; cost_usd?: number; latency_us?: number }

// One decision after another: "semantic 0.93, refused: number 15 against 50 -> student margin 0.71 < 0.80 -> small served".
export function traceLine(trace: readonly Step[] | undefined): string {
    return (trace ?? []).map((step) => {
        const score = known(step.score) ? ` ${minus(step.score.toFixed(2))}` : "";
        const needed = known(step.needed) && known(step.score)
            ? ` ${step.score < step.needed ? "<" : "\u2265"} ${minus(step.needed.toFixed(2))}` : "";
        return `${step.tier}${step.budget ? ` ${step.budget}` : ""}${score}${needed}, ${step.verdict}${step.said ? `: ${step.said}` : ""}`;
    }).join(" \u2192 ");
}

export function csv(header: readonly string[], rows: readonly (readonly unknown[])[]): string {
    const cell = (value: unknown) => {
        let text = value === null || value === undefined ? "" : String(value);
        if (typeof value === "string" && /^[=+\-@\t\r]/.test(text)) text = "'" + text;  // spreadsheets would run it
        return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    };
    return [header, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}
