import { useEffect, useState } from "preact/hooks";
import { ask, useAction, useApi } from "../api";
import { interval, usd } from "../format";
import { Empty, Page, Said, Table } from "../parts";
import type { PageProps } from "../types";

interface Outcome { cost_usd: number; cost_low_usd?: number; cost_high_usd?: number; saved_usd: number; saved_low_usd?: number; saved_high_usd?: number; worse: number; worse_low: number; worse_high: number }
interface Job { job: string; state: "running" | "done" | "failed"; said?: string; now?: Outcome; then?: Outcome; unknown?: string[]; text?: string }

export function WhatIf({ may }: PageProps) {
    const [promise, setPromise] = useState(2);
    const [model, setModel] = useState("");
    const [input, setInput] = useState("");
    const [output, setOutput] = useState("");
    const [id, setId] = useState<string | null>(null);
    const asked = useApi<Job>(id ? `/api/what-if/${id}` : null, 1000);
    const { busy, said, failed, act } = useAction();
    const job = asked.data;
    useEffect(() => { if (asked.error) setId(null); }, [asked.error]);
    const start = (event: Event) => {
        event.preventDefault();
        const wish: Record<string, unknown> = { promise: promise / 100 };
        if (model) wish.price = { model, input: Number(input), output: Number(output) };
        act(async () => { setId((await ask<Job>("/api/what-if", wish)).job); return "Replaying the log\u2026"; });
    };
    const money = (v?: number, low?: number, high?: number) => usd(v) + (low !== undefined ? ` (${usd(low)} to ${usd(high)})` : "");
    return <Page title="What if">
        <form class="card" onSubmit={start}>
            <label class="field">Promise: at most {promise.toFixed(1)} % of the answers may differ from the reference’s
                <input type="range" min="0.5" max="10" step="0.5" value={promise} onInput={(e) => setPromise(Number(e.currentTarget.value))} aria-valuetext={`${promise} percent`} /></label>
            <div class="form"><label class="field">Another price for<input value={model} placeholder="provider/model" onInput={(e) => setModel(e.currentTarget.value)} /></label>
                <label class="field">Input, $ per million tokens<input type="number" min="0" step="any" value={input} required={model !== ""} onInput={(e) => setInput(e.currentTarget.value)} /></label>
                <label class="field">Output, $ per million tokens<input type="number" min="0" step="any" value={output} required={model !== ""} onInput={(e) => setOutput(e.currentTarget.value)} /></label>
                <button disabled={busy || !may || job?.state === "running"}>Replay</button></div>
            {!may && <p class="note">A token of role operate is needed to start a replay.</p>}
            <Said said={job?.state === "failed" ? job.said ?? "It failed." : job?.state === "done" ? "Done." : said} failed={failed || job?.state === "failed"} />
        </form>
        {job?.now && job.then ? <>
            <Table name="what-if" caption="Now, and then" rows={[{ name: "as it was", ...job.now }, { name: "what if", ...job.then }]} columns={[
                { key: "name", label: "", show: (r) => r.name }, { key: "cost_usd", label: "Cost (95 %)", numeric: true, show: (r) => money(r.cost_usd, r.cost_low_usd, r.cost_high_usd) },
                { key: "saved_usd", label: "Saved (95 %)", numeric: true, show: (r) => money(r.saved_usd, r.saved_low_usd, r.saved_high_usd) },
                { key: "worse", label: "Worse answers (95 %)", numeric: true, show: (r) => interval(r.worse, r.worse_low, r.worse_high) }]} />
            {job.unknown?.map((line) => <p class="note" key={line}>{line}</p>)}
            {may && job.text && <p><button disabled={busy} onClick={() => act(async () => { await ask("/api/config/apply", { text: job.text }); return "Applied: it is the configuration now."; })}>Apply as the configuration</button></p>}
        </> : !id && <Empty><p>Move the promise or a price and replay what the log has seen: dollars and risk, each with its interval. Nothing changes until you apply it.</p></Empty>}
    </Page>;
}
