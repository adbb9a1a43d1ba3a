import { useEffect, useState } from "preact/hooks";
import { ask, useAction, useApi } from "../api";
import { count, interval, share, usd } from "../format";
import { Empty, NotWritable, Page, Said, Table } from "../parts";
import type { ConfigFile, PageProps } from "../types";

type N = number | null;
interface Line { reference: string; cascade: string; requests: number; baseline_usd: number; was: { usd: number; saved: number; worse: number }; usd: N; usd_low?: number; usd_high?: number; saved: N; saved_low?: number; saved_high?: number; worse: N; worse_low?: number; worse_high?: number; cant_tell: string[] }
interface Job { state: "running" | "done" | "failed"; said?: string; result?: { lines: Line[] }; text?: string | null }
interface Wish { promise: { share: number }; price?: { model: string; input: number; output: number } }
// What was asked, kept beside its answer: the form may say something else by now. And the configuration that was
// replayed: apply refuses if it has changed since.
interface Replay { id: number; wish: Wish; config: ConfigFile }

const kReplaying = "Replaying the log\u2026";
const kNotFound = 404;

const promiseOf = (wish: Wish) => `${(wish.promise.share * 100).toFixed(1)}\u202f%`;
const wishText = ({ price, ...wish }: Wish) => `a promise of ${promiseOf(wish)}${price ? ` and ${price.model} at ${usd(price.input)} and ${usd(price.output)}` : ""}`;

export function WhatIf({ may }: PageProps) {
    const [promise, setPromise] = useState(2);
    const [model, setModel] = useState("");
    const [input, setInput] = useState("");
    const [output, setOutput] = useState("");
    const [replay, setReplay] = useState<Replay | null>(null);
    const [done, setDone] = useState(false);
    const asked = useApi<Job>(replay ? `/api/what-if/${replay.id}` : null, done ? 0 : 1000);
    const { busy, said, failed, act } = useAction();
    const job = asked.data, problem = asked.error;
    const lost = problem?.status === kNotFound;  // the gateway was restarted: nothing more will come
    useEffect(() => { if (lost || (job && job.state !== "running")) setDone(true); }, [job, lost]);
    const wish: Wish = { promise: { share: promise / 100 }, ...(model ? { price: { model, input: Number(input), output: Number(output) } } : {}) };
    const start = (event: Event) => {
        event.preventDefault();
        setReplay(null);  // after a restart numbers come again: the old answer goes first
        act(async () => {
            const now = await ask<ConfigFile>("/api/config");
            const begun = await ask<{ job: number }>("/api/what-if", wish);
            setDone(false);
            setReplay({ id: begun.job, wish, config: now });
            return kReplaying;
        });
    };
    const now = (): { said: string; failed: boolean } => {
        if (said !== kReplaying) return { said, failed };
        if (job?.state === "failed") return { said: job.said ?? "It failed.", failed: true };
        if (job?.state === "done") return { said: "Done.", failed: false };
        if (lost) return { said: `${problem!.message}. Replay it again.`, failed: true };
        return problem ? { said: `${problem.message} It is asked again by itself.`, failed: true } : { said: kReplaying, failed: false };
    };
    const apply = (text: string, of: Replay) => act(async () => {
        await ask("/api/config/apply", { text, digest: of.config.digest });
        return `Applied: ${wishText(of.wish)} is the configuration now.`;
    });
    const money = (v: N, low?: number, high?: number) => usd(v) + (low !== undefined ? ` (${usd(low)} to ${usd(high)})` : "");
    const same = replay !== null && JSON.stringify(wish) === JSON.stringify(replay.wish);
    return <Page title="What if">
        <form class="card" onSubmit={start}>
            <label class="field">Promise: at most {promise.toFixed(1)} % of the answers may differ from the reference’s
                <input type="range" min="0.5" max="10" step="0.5" value={promise} onInput={(e) => setPromise(Number(e.currentTarget.value))} aria-valuetext={`${promise} percent`} /></label>
            <div class="form"><label class="field">Another price for<input value={model} placeholder="provider/model" onInput={(e) => setModel(e.currentTarget.value)} /></label>
                <label class="field">Input, $ per million tokens<input type="number" min="0" step="any" value={input} required={model !== ""} onInput={(e) => setInput(e.currentTarget.value)} /></label>
                <label class="field">Output, $ per million tokens<input type="number" min="0" step="any" value={output} required={model !== ""} onInput={(e) => setOutput(e.currentTarget.value)} /></label>
                <button disabled={busy || !may || (job?.state === "running" && !lost)}>Replay</button></div>
            {!may && <p class="note">A token of role operate is needed to start a replay.</p>}
            <Said {...now()} />
        </form>
        {job?.result && replay ? <>
            <Table name="what-if" caption={`As it was, and with ${wishText(replay.wish)}`} rows={job.result.lines} empty={<p>The log has no request that could be replayed.</p>} columns={[
                { key: "reference", label: "Reference", show: (r) => r.reference }, { key: "cascade", label: "Cascade", show: (r) => r.cascade },
                { key: "requests", label: "Requests", numeric: true, show: (r) => count(r.requests) },
                { key: "was_usd", label: "Cost, as it was", numeric: true, value: (r) => r.was.usd, show: (r) => usd(r.was.usd) }, { key: "usd", label: "Cost, what if (95 %)", numeric: true, show: (r) => money(r.usd, r.usd_low, r.usd_high) },
                { key: "was_saved", label: "Saved, as it was", numeric: true, value: (r) => r.was.saved, show: (r) => share(r.was.saved) }, { key: "saved", label: "Saved, what if (95 %)", numeric: true, show: (r) => interval(r.saved, r.saved_low, r.saved_high) },
                { key: "was_worse", label: "Worse answers, as it was", numeric: true, value: (r) => r.was.worse, show: (r) => share(r.was.worse) }, { key: "worse", label: "Worse answers, what if (95 %)", numeric: true, show: (r) => interval(r.worse, r.worse_low, r.worse_high) }]} />
            {[...new Set(job.result.lines.flatMap((line) => line.cant_tell))].map((line) => <p class="note" key={line}>Can’t tell: {line}</p>)}
            {may && job.text && (replay.config.writable === false ? <NotWritable file={replay.config.file} /> : same ? <p><button disabled={busy} onClick={() => apply(job.text!, replay)}>Apply {promiseOf(replay.wish)}</button></p>
                : <p class="note">The form says something else by now: replay it to apply it.</p>)}
        </> : !replay && <Empty><p>Move the promise or a price and replay what the log has seen: dollars and risk, each with its interval. Nothing changes until you apply it.</p></Empty>}
    </Page>;
}
