// Pieces of pages: states, figures, tables with export.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Asked } from "./api";
import { clock, count, csv } from "./format";
import { link, rangeValues, setQuery, type Route } from "./router";

export const kTiers = ["exact", "semantic", "student", "model", "reference", "nobody"] as const;

export function Tier({ name }: { name: string | null | undefined }) {
    const shown = name ?? "nobody";
    return <span class={`tier tier-${shown}`}>{shown}</span>;
}

// A state, in its colour where it has one.
export function Badge({ of }: { of: string }) { return <span class={`badge ${of}`}>{of}</span>; }

export function Page({ title, children, side }: { title: string; children: ComponentChildren; side?: ComponentChildren }) {
    useEffect(() => { document.title = `${title} \u00b7 Weir`; }, [title]);
    return <><div class="head"><h1 tabIndex={-1}>{title}</h1>{side}</div>{children}</>;
}

// What stands in a page's place until there is something to show, or beside old data when asking again failed.
export function Wait<T>({ asked, children }: { asked: Asked<T>; children: (data: T) => ComponentChildren }) {
    const { data, error, loading, slow, retry } = asked;
    return <>
        <div role="status" aria-live="polite">
            {data === undefined && loading && !error && <p class="note">{slow ? "Still waiting for Weir\u2026 it takes longer than usual." : "Loading\u2026"}</p>}
        </div>
        {error && <div class="problem" role="alert"><p>{error.message}</p><button onClick={retry}>Try again</button></div>}
        {data !== undefined && children(data)}
    </>;
}

export function Empty({ children }: { children: ComponentChildren }) { return <div class="empty">{children}</div>; }

export function Said({ said, failed }: { said: string; failed: boolean }) {
    return <p role="status" aria-live="polite" class={said ? (failed ? "said bad" : "said good") : "said"}>{said}</p>;
}

export function Figure({ label, value, href, note, big }: { label: string; value: string; href?: string; note?: ComponentChildren; big?: boolean }) {
    return <div class={big ? "figure big" : "figure"}>
        <dt>{label}</dt><dd>{href ? <a href={href}>{value}</a> : value}{note && <small>{note}</small>}</dd>
    </div>;
}

const kRanges = [["1h", "1 hour"], ["6h", "6 hours"], ["24h", "24 hours"], ["7d", "7 days"], ["30d", "30 days"], ["90d", "90 days"]] as const;
export const rangeOf = (route: Route) => route.query.get("since") ?? "24h";

// Between two moments, as a point of a chart opens it: one more in the list, until another is chosen.
export function RangePicker({ route }: { route: Route }) {
    const { since, since_unix_us: from, until_unix_us: to } = rangeValues(route);
    return <label class="field inline">Range
        <select value={since ?? "between"} onChange={(e) => setQuery(route, { since: e.currentTarget.value, since_unix_us: null, until_unix_us: null })}>
            {!since && <option value="between">{clock(Number(from))} to {clock(Number(to))}</option>}
            {kRanges.map(([value, text]) => <option key={value} value={value}>{text}</option>)}
        </select>
    </label>;
}

const kTypedMs = 200;

// What is searched is asked for once the typing pauses.
export function SearchBox({ label, value, onSearch }: { label: string; value: string; onSearch: (text: string) => void }) {
    const [text, setText] = useState(value);
    const asked = useRef(value);
    if (value !== asked.current) { asked.current = value; setText(value); }
    useEffect(() => {
        if (text === asked.current) return;
        const timer = setTimeout(() => { asked.current = text; onSearch(text); }, kTypedMs);
        return () => clearTimeout(timer);
    }, [text]);
    return <label class="field inline">{label}<input type="search" value={text} onInput={(e) => setText(e.currentTarget.value)} /></label>;
}

export interface Column<T> {
    key: string; label: string; numeric?: boolean;
    show: (row: T) => ComponentChildren;
    value?: (row: T) => unknown;  // for exports; else the member of that name
}

function save(name: string, type: string, text: string) {
    const a = document.createElement("a");
    a.href = URL.createObjectURL(new Blob([text], { type }));
    a.download = name;
    a.click();
    setTimeout(() => URL.revokeObjectURL(a.href), 10_000);
}

const kRowPx = 36;
const kVirtualFrom = 150;
type TableProps<T> = {
    name: string; caption: string; columns: Column<T>[]; rows: readonly (T | undefined)[]; href?: (row: T) => string | undefined;
    empty?: ComponentChildren; onRange?: (first: number, last: number) => void; all?: () => Promise<readonly T[]>; more?: ComponentChildren;
    most?: number;  // rows that `all` gives
};

// A table whose rows can be gone through with the arrow keys and opened with Enter. Past kVirtualFrom rows only those in sight
// are in the document; rows that are not there yet are asked for by onRange.
export function Table<T extends object>({ name, caption, columns, rows, href, empty, onRange, all, more, most }: TableProps<T>) {
    const box = useRef<HTMLDivElement>(null);
    const [top, setTop] = useState(0);
    const [at, setAt] = useState(0);
    const [note, setNote] = useState("");
    const virtual = rows.length > kVirtualFrom;
    const first = virtual ? Math.max(0, Math.floor(top / kRowPx) - 10) : 0;
    const last = virtual ? Math.min(rows.length, first + 45) : rows.length;
    useEffect(() => onRange?.(first, last), [first, last, onRange]);
    const shown = useMemo(() => rows.slice(first, last), [rows, first, last]);

    const valueOf = (row: T, column: Column<T>) => column.value ? column.value(row) : (row as Record<string, unknown>)[column.key];
    const download = async (kind: "csv" | "json") => {
        try {
            const list = all ? await all() : rows.filter((row): row is T => row !== undefined);
            if (kind === "csv") save(`weir-${name}.csv`, "text/csv", csv(columns.map((c) => c.key), list.map((row) => columns.map((c) => valueOf(row, c)))));
            else save(`weir-${name}.json`, "application/json", JSON.stringify(list, null, 1));
            setNote(`${count(list.length)} rows saved${list.length === most ? "; a file takes no more: choose a shorter range for others" : ""}`);
        } catch (error) { setNote((error as Error).message); }
    };
    const go = (to: number) => {
        const next = Math.max(0, Math.min(rows.length - 1, to));
        setAt(next);
        const scroller = box.current;
        if (scroller && virtual) {
            const y = next * kRowPx;
            if (y < scroller.scrollTop) scroller.scrollTop = y;
            if (y + 2 * kRowPx > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = y + 2 * kRowPx - scroller.clientHeight;
            setTop(scroller.scrollTop);
        }
        requestAnimationFrame(() => requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-row="${next}"]`)?.focus({ preventScroll: virtual })));
    };
    const onKey = (event: JSX.TargetedKeyboardEvent<HTMLTableSectionElement>) => {
        const step: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 10, PageUp: at - 10, Home: 0, End: rows.length - 1 };
        const to = step[event.key];
        if (to !== undefined && !event.altKey && !event.ctrlKey) { event.preventDefault(); go(to); }
        const row = rows[at];
        if (event.key === "Enter" && (event.target as HTMLElement).tagName === "TR" && row && href?.(row)) location.hash = href(row)!;
    };
    if (rows.length === 0 && empty) return <Empty>{empty}</Empty>;
    return <section class="tablebox" aria-label={caption}>
        <div class="tabletop"><h2>{caption}</h2>
            <span class="tools">{more}<button class="quiet" onClick={() => void download("csv")} aria-label={`${caption}: save as CSV`}>CSV</button>
            <button class="quiet" onClick={() => void download("json")} aria-label={`${caption}: save as JSON`}>JSON</button></span></div>
        <div class={virtual ? "scroll tall" : "scroll"} ref={box} onScroll={(e) => virtual && setTop(e.currentTarget.scrollTop)} tabIndex={0} role="region" aria-label={`${caption}, table`}>
            <table aria-rowcount={rows.length + 1} aria-label={caption}>
                <thead><tr aria-rowindex={1}>{columns.map((c) => <th key={c.key} scope="col" class={c.numeric ? "num" : ""}>{c.label}</th>)}</tr></thead>
                <tbody onKeyDown={onKey}>
                    {first > 0 && <tr aria-hidden="true"><td class="gap" colSpan={columns.length} style={{ height: first * kRowPx }} /></tr>}
                    {shown.map((row, i) => {
                        const index = first + i;
                        const id = (column: number) => `${name}-${index}-${column}`;
                        return <tr key={index} data-row={index} aria-rowindex={index + 2} aria-labelledby={`${id(0)} ${row && columns.length > 1 ? id(1) : ""}`.trim()} tabIndex={index === Math.max(first, Math.min(at, last - 1)) ? 0 : -1}
                            onFocus={() => setAt(index)} class={row && href?.(row) ? "opens" : ""}
                            onClick={(e) => { if (row && href?.(row) && !(e.target as HTMLElement).closest("a,button") && !getSelection()?.toString()) location.hash = href(row)!; }}>
                            {row === undefined ? <td id={id(0)} colSpan={columns.length} class="note">{"\u2026"}</td>
                                : columns.map((c, k) => <td key={c.key} id={k < 2 ? id(k) : undefined} class={c.numeric ? "num" : ""}>{c.show(row)}</td>)}
                        </tr>;
                    })}
                    {last < rows.length && <tr aria-hidden="true"><td class="gap" colSpan={columns.length} style={{ height: (rows.length - last) * kRowPx }} /></tr>}
                </tbody>
            </table>
        </div>
        {most !== undefined && !note && <p class="note saved">CSV and JSON hold all of it, the newest {count(most)} rows at most.</p>}
        <p class={note ? "note saved" : "hidden"} role="status" aria-live="polite">{note}</p>
    </section>;
}

// In the place of what would change the configuration.
export function NotWritable({ file }: { file: string | undefined }) {
    return <p class="note">Weir may not write {file ?? "its configuration"} here: change it where it comes from, then restart Weir or send it SIGHUP.</p>;
}

export function Facts({ of }: { of: [string, ComponentChildren][] }) {
    return <dl class="facts">{of.map(([label, value]) => <div key={label}><dt>{label}</dt><dd>{value}</dd></div>)}</dl>;
}

export const toRequests = (values: Parameters<typeof link>[1]) => link("requests", values);
