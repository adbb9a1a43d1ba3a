// A plot over time by uPlot, with a sentence for those who don't see it and the numbers as a table.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { clock } from "./format";

export interface Line { label: string; colour: string; values: (number | null)[]; fill?: boolean; dash?: boolean }
interface Props { title: string; says: string; at: number[]; lines: Line[]; show: (value: number | null) => string; stacked?: boolean }

const css = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function stack(lines: Line[]): (number | null)[][] {
    const sums: number[] = [];
    return lines.map((line) => line.values.map((value, i) => (sums[i] = (sums[i] ?? 0) + (value ?? 0))));
}

export function Chart({ title, says, at, lines, show, stacked }: Props) {
    const box = useRef<HTMLDivElement>(null);
    useEffect(() => {
        const to = box.current;
        if (!to || at.length === 0) return;
        let plot: uPlot | undefined;
        const draw = () => {
            plot?.destroy();
            const ys = stacked ? stack(lines) : lines.map((line) => line.values);
            const order = lines.map((_, i) => i);
            if (stacked) order.reverse();  // the tallest first, the others over it
            const axis: uPlot.Axis = { stroke: css("--muted"), grid: { stroke: css("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
            plot = new uPlot({
                width: to.clientWidth, height: 200, legend: { show: false }, cursor: { y: false, points: { size: 6 } },
                scales: { y: { range: (_u, _min, max) => [0, (max || 1) * 1.08] } },
                axes: [axis, { ...axis, size: 64, values: (_u, ticks) => ticks.map((v) => show(v)) }],
                series: [{}, ...order.map((i): uPlot.Series => {
                    const line = lines[i]!;
                    const colour = css(line.colour);
                    return { label: line.label, stroke: colour, width: stacked ? 1 : 2, points: { show: at.length < 2 },
                        ...(line.fill || stacked ? { fill: colour + (stacked ? "d0" : "22") } : {}), ...(line.dash ? { dash: [5, 4] } : {}) };
                })],
            }, [at.map((t) => t / 1e6), ...order.map((i) => ys[i]!)] as uPlot.AlignedData, to);
        };
        draw();
        const sized = new ResizeObserver(() => plot?.setSize({ width: to.clientWidth, height: 200 }));
        sized.observe(to);
        addEventListener("weir-theme", draw);
        return () => { sized.disconnect(); removeEventListener("weir-theme", draw); plot?.destroy(); };
    }, [at, lines, stacked]);
    return <figure class="chart">
        <figcaption><h2>{title}</h2>
            <span class="legend">{lines.map((line) => <span key={line.label}><i class={`key key${line.colour}`} />{line.label}</span>)}</span></figcaption>
        <div ref={box} class="plot" role="img" aria-label={`${title}. ${says}`} />
        <details><summary>{title} as a table</summary>
            <div class="scroll tall" tabIndex={0} role="region" aria-label={`${title}, numbers`}><table aria-label={title}>
                <thead><tr><th scope="col">From</th>{lines.map((l) => <th scope="col" class="num" key={l.label}>{l.label}</th>)}</tr></thead>
                <tbody>{at.map((t, i) => <tr key={t}><td>{clock(t)}</td>{lines.map((l) => <td class="num" key={l.label}>{show(l.values[i] ?? null)}</td>)}</tr>)}</tbody>
            </table></div></details>
    </figure>;
}
