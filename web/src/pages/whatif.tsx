import { useEffect, useState } from "preact/hooks";
import { ask, useAction, useApi } from "../api";
import { count, interval, share, usd } from "../format";
import { Empty, Page, Said, Table } from "../parts";
import type { PageProps } from "../types";

type N = number | null;
interface Line { reference: string; cascade: string; requests: number; baseline_usd: number; was: { usd: number; saved: number; worse: number }; usd: N; usd_low?: number; usd_high?: number; saved: N; saved_low?: number; saved_high?: number; worse: N; worse_low?: number; worse_high?: number; cant_tell: string[] }
interface Job { state: "running" | "done" | "failed"; said?: string; result?: { lines: Line[] }; text?: string | null }

const kReplaying = "Replaying the log\u2026";

export function WhatIf({ may }: PageProps) {
    const [promise, setPromise] = useState(2);
    const [model, setModel] = useState("");
    const [input, setInput] = useState("");
    const [output, setOutput] = useState("");
    const [id, setId] = useState<number | null>(null);
    const [digest, setDigest] = useState("");  // of the configuration that was replayed: apply refuses if it has changed since
    const [done, setDone] = useState(false);
    const asked = useApi<Job>(id ? `/api/what-if/${id}` : null, done ? 0 : 1000);
    const { busy, said, failed, act } = useAction();
    const job = asked.data;
    useEffect(() => { if (job && job.state !== "running") setDone(true); }, [job]);
    useEffect(() => { if (asked.error) setId(null); }, [asked.error]);
    const start = (event: Event) => {
        event.preventDefault();
        const wish: Record<string, unknown> = { promise: { share: promise / 100 } };
        if (model) wish.price = { model, input: Number(input), output: Number(output) };
        act(async () => {
            const now = await ask<{ digest: string }>("/api/config");
            const begun = await ask<{ job: number }>("/api/what-if", wish);
            setDigest(now.digest);
            setDone(false);
            setId(begun.job);
            return kReplaying;
        });
    };
    const money = (v: N, low?: number, high?: number) => usd(v) + (low !== undefined ? ` (${usd(low)} to ${usd(high)})` : "");
    return <Page title="What if">
        <form class="card" onSubmit={start}>
            <label class="field">Promise: at most {promise.toFixed(1)} % of the answers may differ from the reference’s
                <input type="range" min="0.5" max="10" step="0.5" value={promise} onInput={(e) => setPromise(Number(e.currentTarget.value))} aria-valuetext={`${promise} percent`} /></label>
            <div class="form"><label class="field">Another price for<input value={model} placeholder="provider/model" onInput={(e) => setModel(e.currentTarget.value)} /></label>
                <label class="field">Input, $ per million tokens<input type="number" min="0" step="any" value={input} required={model !== ""} onInput={(e) => setInput(e.currentTarget.value)} /></label>
                <label class="field">Output, $ per million tokens<input type="number" min="0" step="any" value={output} required={model !== ""} onInput={(e) => setOutput(e.currentTarget.value)} /></label>
                <button disabled={busy || !may || job?.state === "running"}>Replay</button></div>
            {!may && <p class="note">A token of role operate is needed to start a replay.</p>}
            <Said said={job?.state === "failed" ? job.said ?? "It failed." : job?.state === "done" && said === kReplaying ? "Done." : said} failed={failed || job?.state === "failed"} />
        </form>
        {job?.result ? <>
            <Table name="what-if" caption="As it was, and what if" rows={job.result.lines} empty={<p>The log has no request that could be replayed.</p>} columns={[
                { key: "reference", label: "Reference", show: (r) => r.reference }, { key: "cascade", label: "Cascade", show: (r) => r.cascade },
                { key: "requests", label: "Requests", numeric: true, show: (r) => count(r.requests) },
                { key: "was_usd", label: "Cost, as it was", numeric: true, value: (r) => r.was.usd, show: (r) => usd(r.was.usd) }, { key: "usd", label: "Cost, what if (95 %)", numeric: true, show: (r) => money(r.usd, r.usd_low, r.usd_high) },
                { key: "was_saved", label: "Saved, as it was", numeric: true, value: (r) => r.was.saved, show: (r) => share(r.was.saved) }, { key: "saved", label: "Saved, what if (95 %)", numeric: true, show: (r) => interval(r.saved, r.saved_low, r.saved_high) },
                { key: "was_worse", label: "Worse answers, as it was", numeric: true, value: (r) => r.was.worse, show: (r) => share(r.was.worse) }, { key: "worse", label: "Worse answers, what if (95 %)", numeric: true, show: (r) => interval(r.worse, r.worse_low, r.worse_high) }]} />
            {[...new Set(job.result.lines.flatMap((line) => line.cant_tell))].map((line) => <p class="note" key={line}>Can’t tell: {line}</p>)}
            {may && job.text && <p><button disabled={busy} onClick={() => act(async () => { await ask("/api/config/apply", { text: job.text, digest }); return "Applied: it is the configuration now."; })}>Apply as the configuration</button></p>}
        </> : !id && <Empty><p>Move the promise or a price and replay what the log has seen: dollars and risk, each with its interval. Nothing changes until you apply it.</p></Empty>}
    </Page>;
}
