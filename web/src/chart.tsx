// A plot by uPlot, with a sentence for those who don't see it and the numbers as a table. Where a step is known, each
// point opens the requests behind it: by a click, or with the arrow keys and Enter.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { alone } from "./alone";
import { clock } from "./format";
import { type Column, Table, toRequests } from "./parts";
import type { Values } from "./router";

export interface Line {
    label: string; colour: string; values: (number | null)[]; fill?: boolean; dash?: boolean;
    filter?: Values;  // of the requests that it counts
}
interface Props {
    title: string; says: string; at: number[]; lines: Line[]; show: (value: number | null) => string; stacked?: boolean;
    step?: number;    // microseconds from one point to the next
    since?: number; until?: number;  // the range: its first and last step may be cut
    filter?: Values;  // of all lines
    x?: { label: string; show: (value: number) => string; tick: (value: number) => string };  // not over time
    from0?: boolean;  // else as far down as the values go
}

const css = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function stack(lines: Line[]): (number | null)[][] {
    const sums: number[] = [];
    return lines.map((line) => line.values.map((value, i) => (sums[i] = (sums[i] ?? 0) + (value ?? 0))));
}

interface Point { point: string; from: number; values: Record<string, number | null>; index: number }

export function Chart({ title, says, at, lines, show, stacked, step, since, until, filter, x, from0 = true }: Props) {
    const box = useRef<HTMLDivElement>(null);
    const plotted = useRef<uPlot>();
    const [index, setAt] = useState<number | null>(null);  // the point that the keys or the pointer are at
    const place = useRef<number | null>(null);             // where that is: new numbers may move it
    const [line, setLine] = useState<number | null>(null);    // and the line; null: all of them
    const [open, setOpen] = useState(false);
    const name = (value: number) => (x ? x.show(value) : clock(value));
    const setIndex = (to: number | null) => { place.current = to === null ? null : at[to] ?? null; setAt(to); };
    const href = (i: number, of: Line | undefined) => step === undefined || at[i] === undefined ? undefined
        : toRequests({ ...filter, ...of?.filter, since_unix_us: Math.max(at[i]!, since ?? 0), until_unix_us: Math.min(at[i]! + step, until ?? Infinity) });
    const pixel = (plot: uPlot, i: number) => plot.valToPos(x ? at[i]! : at[i]! / 1e6, "x");
    const go = (to: string | undefined) => { if (to) location.hash = to; };
    useEffect(() => {
        const to = box.current;
        if (!to || at.length === 0) return;
        let plot: uPlot | undefined;
        const draw = () => {
            plot?.destroy();
            let ready = false;  // until then the cursor's place is not the reader's doing
            const ys = stacked ? stack(lines) : lines.map((each) => each.values);
            const order = lines.map((_, i) => i);
            if (stacked) order.reverse();  // the tallest first, the others over it
            const axis: uPlot.Axis = { stroke: css("--muted"), grid: { stroke: css("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
            plot = plotted.current = new uPlot({
                width: to.clientWidth, height: 200, legend: { show: false }, cursor: { y: false, points: { size: 6 } },
                scales: { x: { time: !x }, y: { range: (_u, min, max) => from0 ? [0, (max || 1) * 1.08] : [min - (max - min || 1) * 0.1, max + (max - min || 1) * 0.1] } },
                axes: [x ? { ...axis, values: (_u, ticks) => ticks.map((v) => (Number.isInteger(v) ? x.tick(v) : "")) } : axis,
                    { ...axis, size: 64, values: (_u, ticks) => ticks.map((v) => show(v)) }],
                series: [{}, ...order.map((i): uPlot.Series => {
                    const each = lines[i]!;
                    const colour = css(each.colour);
                    return { label: each.label, stroke: colour, width: stacked ? 1 : 2, points: { show: x !== undefined && i === 0, size: 5, filter: (_u, _series, shown) => (shown || stacked ? null : alone(each.values)) },
                        ...(each.fill || stacked ? { fill: colour + (stacked ? "d0" : "22") } : {}), ...(each.dash ? { dash: [5, 4] } : {}) };
                })],
                hooks: {
                    setCursor: [(u) => { if (ready) setIndex(u.cursor.idx ?? null); }],
                    ready: [(u) => {
                        ready = true;
                        const kept = place.current === null ? -1 : at.indexOf(place.current);
                        setIndex(kept < 0 ? null : kept);
                        if (kept >= 0) u.setCursor({ left: pixel(u, kept), top: 0 });
                    }],
                },
            }, [at.map((t) => (x ? t : t / 1e6)), ...order.map((i) => ys[i]!)] as uPlot.AlignedData, to);
            // Of stacked lines the one whose band is clicked.
            plot.over.addEventListener("click", () => {
                const { idx, top } = plot!.cursor;
                if (idx === null || idx === undefined) return;
                const y = plot!.posToVal(top ?? 0, "y");
                const hit = stacked ? ys.findIndex((values) => y <= (values[idx] ?? 0)) : lines.length === 1 ? 0 : -1;
                go(href(idx, lines[hit]));
            });
        };
        draw();
        const sized = new ResizeObserver(() => plot?.setSize({ width: to.clientWidth, height: 200 }));
        sized.observe(to);
        addEventListener("weir-theme", draw);
        return () => { sized.disconnect(); removeEventListener("weir-theme", draw); plot?.destroy(); };
    }, [at, lines, stacked, step, since, until]);

    const keys = (event: KeyboardEvent) => {
        if (event.altKey || event.ctrlKey || event.metaKey || at.length === 0) return;
        const now = index ?? at.length - 1, last = at.length - 1;
        const steps: Record<string, number> = { ArrowLeft: now - 1, ArrowRight: now + 1, PageUp: now - 10, PageDown: now + 10, Home: 0, End: last };
        const lower: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
        if (steps[event.key] !== undefined) {
            const next = index === null && event.key.startsWith("Arrow") ? last : Math.max(0, Math.min(last, steps[event.key]!));
            const plot = plotted.current;
            plot?.setCursor({ left: pixel(plot, next), top: 0 });
            setIndex(next);
        } else if (lower[event.key] !== undefined && lines.length > 1) {
            const next = (line ?? (event.key === "ArrowDown" ? -1 : lines.length)) + lower[event.key]!;
            setLine(next < 0 || next >= lines.length ? null : next);
        } else if (event.key === "Enter" && index !== null) {
            go(href(index, line === null ? lines.length === 1 ? lines[0] : undefined : lines[line]));
        } else return;
        event.preventDefault();
    };
    const value = (of: Line, i: number) => `${of.label} ${show(of.values[i] ?? null)}`;
    const told = index === null || at[index] === undefined ? ""
        : `${name(at[index]!)}: ${line === null ? lines.map((each) => value(each, index)).join(", ") : value(lines[line]!, index)}`;
    const points = useMemo<Point[]>(() => at.map((t, i) => ({ point: name(t), from: t, index: i, values: Object.fromEntries(lines.map((each) => [each.label, each.values[i] ?? null])) })), [at, lines]);
    const cell = (text: string, to: string | undefined) => (to ? <a href={to}>{text}</a> : text);
    const columns: Column<Point>[] = [
        { key: x ? "x" : "from", label: x ? x.label : "From", value: (p) => (x ? p.from : p.point), show: (p) => cell(p.point, href(p.index, undefined)) },
        ...lines.map((each): Column<Point> => ({ key: each.label, label: each.label, numeric: true, value: (p) => p.values[each.label],
            show: (p) => cell(show(p.values[each.label] ?? null), each.filter && href(p.index, each)) }))];
    return <figure class="chart">
        <figcaption><h2>{title}</h2>
            <span class="legend">{lines.map((each) => <span key={each.label}><i class={`key key${each.colour}`} />{each.label}</span>)}</span></figcaption>
        <div ref={box} class={step === undefined ? "plot" : "plot opens"} role="slider" tabIndex={0} aria-label={`${title}. ${says}`} aria-orientation="horizontal"
            aria-valuemin={1} aria-valuemax={Math.max(1, at.length)} aria-valuenow={(index ?? Math.max(0, at.length - 1)) + 1} aria-valuetext={told || says}
            onKeyDown={keys} onBlur={() => { setIndex(null); setLine(null); }} />
        <p class="note point" aria-hidden="true">{told || (step === undefined ? "Arrow keys: from point to point." : "A point opens its requests; arrow keys and Enter do as well.")}</p>
        <details onToggle={(e) => setOpen(e.currentTarget.open)}><summary>{title} as a table</summary>
            {open && <Table name={title.toLowerCase().replace(/\W+/g, "-")} caption={`${title}, numbers`} rows={points} columns={columns} href={(p) => href(p.index, undefined)} />}</details>
    </figure>;
}
