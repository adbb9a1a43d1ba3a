import { useState } from "preact/hooks";
import { ask, useAction, useApi } from "../api";
import { bytes, clock, count } from "../format";
import { Empty, Figure, Page, Said, Table, Tier, Wait } from "../parts";
import { link, setQuery } from "../router";
import type { PageProps } from "../types";

interface Counts { entries: number; bytes: number; [more: string]: unknown }
interface Entry { key: string; question: string; tenant: string; task: string; model: string; class?: string; created_unix_us: number; fresh_until_unix_us?: number | null; hits?: number; bytes: number; why?: string }
const kMarks = ["tag", "source", "tenant", "task", "key", "writer"] as const;

export function Cache({ route, may }: PageProps) {
    const search = route.query.get("search") ?? "";
    const counts = useApi<{ exact: Counts; semantic: Counts }>("/api/cache");
    const found = useApi<{ entries: Entry[] }>(search ? `/api/cache/entries?search=${encodeURIComponent(search)}` : null);
    const [kind, setKind] = useState<string>("tag");
    const [value, setValue] = useState("");
    const { busy, said, failed, act } = useAction();
    const purge = (mark: Record<string, string>) => {
        if (!confirm(`Purge what has ${Object.entries(mark).map(([k, v]) => `${k} ${v}`).join(", ")}?`)) return;
        act(async () => { const done = await ask<{ created_until_unix_us: number }>("/api/cache/purge", mark); counts.retry(); found.retry(); return `Void now: what was written before ${clock(done.created_until_unix_us)}.`; });
    };
    return <Page title="Cache">
        <Wait asked={counts}>{(data) => <dl class="figures">{(["exact", "semantic"] as const).map((tier) => <>
            <Figure label={`Entries, ${tier}`} value={count(data[tier]?.entries)} href={link("requests", { tier })} note="served from it" />
            <Figure label={`Size, ${tier}`} value={data[tier] ? bytes(data[tier].bytes) : "\u2013"} /></>)}</dl>}</Wait>
        <form class="form" onSubmit={(e) => { e.preventDefault(); setQuery(route, { search: String(new FormData(e.currentTarget).get("q") ?? "") }); }}>
            <label class="field">Questions that have all these words<input type="search" name="q" defaultValue={search} /></label><button>Search</button></form>
        {search ? <Wait asked={found}>{(data) => <Table name="cache" caption="Entries" rows={data.entries} empty={<p>No cached question has these words.</p>} columns={[
            { key: "question", label: "Question", show: (e) => <span title={e.question}>{e.question}</span> },
            { key: "why", label: "Why it is kept", show: (e) => [e.class, e.why].filter(Boolean).join(", ") },
            ...(may ? [{ key: "purge", label: "By hand", value: () => "", show: (e: Entry) => <button class="danger quiet" disabled={busy} aria-label={`Purge ${e.key}`} onClick={() => purge({ key: e.key })}>Purge</button> }] : []),
            { key: "model", label: "Answer of", show: (e) => e.model }, { key: "tenant", label: "Tenant", show: (e) => e.tenant },
            { key: "created_unix_us", label: "Written", show: (e) => clock(e.created_unix_us) }, { key: "fresh_until_unix_us", label: "Fresh until", show: (e) => clock(e.fresh_until_unix_us) },
            { key: "hits", label: "Served", numeric: true, show: (e) => count(e.hits) }, { key: "bytes", label: "Size", numeric: true, show: (e) => bytes(e.bytes) }]} />}</Wait>
            : <Empty><p>Type a word to look into the caches. <Tier name="exact" /> needs the same request, <Tier name="semantic" /> the same meaning.</p></Empty>}
        {may && <section class="card" aria-label="Purge"><h2>Purge</h2>
            <form class="form" onSubmit={(e) => { e.preventDefault(); purge({ [kind]: value }); }}>
                <label class="field">Everything with<select value={kind} onChange={(e) => setKind(e.currentTarget.value)}>{kMarks.map((m) => <option key={m}>{m}</option>)}</select></label>
                <label class="field">equal to<input required value={value} onInput={(e) => setValue(e.currentTarget.value)} /></label>
                <button class="danger" disabled={busy}>Purge</button></form></section>}
        <Said said={said} failed={failed} />
    </Page>;
}
