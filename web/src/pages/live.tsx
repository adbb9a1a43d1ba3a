import { useEffect, useRef, useState } from "preact/hooks";
import { type ApiError, ask } from "../api";
import { clock, count, duration, traceLine, usd } from "../format";
import { Empty, Page, Tier } from "../parts";
import { link } from "../router";
import type { PageProps, Row } from "../types";

const kEveryMs = 120;  // with the answer's own time below 200 ms behind
const kKept = 200;

// What Weir asks on its own account saves nothing: its cost stands beside it already.
function Saved({ row: { saved_usd: saved, purpose } }: { row: Row }) {
    if (!saved || purpose !== "request") return null;
    return saved > 0 ? <span class="good">saved {usd(saved)}</span> : <span class="bad">{usd(-saved)} more than the reference</span>;
}

export function Live(_: PageProps) {
    const [rows, setRows] = useState<Row[]>();
    const [paused, setPaused] = useState(false);
    const [missed, setMissed] = useState(0);
    const [error, setError] = useState<ApiError>();
    const after = useRef<number>();  // nothing: the first question, whose `missed` is what was before this page
    useEffect(() => {
        if (paused) return;
        const abort = new AbortController();
        let timer = 0, wait = kEveryMs;
        const run = async () => {
            if (!document.hidden) try {
                const answer = await ask<{ next: number; missed: number; requests: Row[] }>(`/api/requests/live?after=${after.current ?? 0}`, undefined, abort.signal);
                if (abort.signal.aborted) return;
                const missed = after.current === undefined ? 0 : answer.missed;
                after.current = answer.next;
                const fresh = answer.requests.slice().reverse();
                setRows((old) => (old && !fresh.length ? old : [...fresh, ...(old ?? [])].slice(0, kKept)));
                if (missed) setMissed((n) => n + missed);
                setError(undefined);
                wait = kEveryMs;
            } catch (problem) {
                if (abort.signal.aborted) return;
                setError(problem as ApiError);
                wait = Math.min(5000, wait * 2);
            }
            if (!abort.signal.aborted) timer = setTimeout(run, wait);
        };
        void run();
        return () => { abort.abort(); clearTimeout(timer); };
    }, [paused]);
    const step = (event: KeyboardEvent) => {
        const move = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
        if (!move) return;
        event.preventDefault();
        const links = [...document.querySelectorAll<HTMLElement>(".live a.open")];
        links[Math.max(0, links.indexOf(document.activeElement as HTMLElement) + move)]?.focus();
    };
    return <Page title="Live" side={<button aria-pressed={paused} onClick={() => setPaused(!paused)}>{paused ? "Go on" : "Pause"}</button>}>
        {error && <div class="problem" role="alert"><p>{error.message} It is asked again by itself.</p></div>}
        <p class="note" role="status">{rows === undefined ? (error ? "" : "Loading\u2026") : paused ? "Paused." : "Newest first, as they are settled."}{missed ? ` ${count(missed)} went by too fast to be shown.` : ""}</p>
        {rows?.length === 0 && <Empty><h2>Nothing yet</h2><p>Requests appear here the moment they are settled, with every decision that was made on their way.</p></Empty>}
        {rows && rows.length > 0 && <section class="tablebox" aria-label="Live requests"><ol class="live" onKeyDown={step}>{rows.map((row) => <li key={row.id}>
            <span class="line"><a class="open mono" href={link(`requests/${row.id}`)}>{clock(row.started_unix_us, false)}</a><Tier name={row.tier} />
                <span>{row.task_name || row.task}</span><span>{duration(row.latency_us)}</span><span>{usd(row.cost_usd)}</span>
                <Saved row={row} />{row.status >= 400 && <span class="bad">HTTP {row.status}</span>}</span>
            <span class="trace">{row.purpose === "request" ? "" : `${row.purpose}: `}{traceLine(row.trace) || `answered by ${row.model || row.tier || "nobody"}`}</span></li>)}</ol></section>}
    </Page>;
}
