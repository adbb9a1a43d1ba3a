import { useState } from "preact/hooks";
import { ask, useAction, useApi } from "../api";
import { bytes, clock, count, dash, share } from "../format";
import { Badge, Empty, Figure, Page, RangePicker, Said, SearchBox, Table, Tier, toRequests, Wait } from "../parts";
import { link, queryOf, rangeValues, setQuery } from "../router";
import type { PageProps } from "../types";

interface Counts { entries: number; bytes: number; disk_entries?: number; disk_bytes?: number; served: number; share: number | null }
interface Entry { key: string; question: string; tenant: string; task: string | null; model: string; class: string; created_unix_us: number; fresh_until_unix_us: number | null; state: string; why: string; hits: number | null; bytes: number; semantic: boolean; tags: string[]; sources: string[] }
interface Found { entries: Entry[]; looked_at: number; more: boolean }
const kMarks = ["tag", "source", "tenant", "task", "key", "writer"] as const;
const kJudged = ["fresh", "stale", "expired"];  // by a cascade's rules: of others it is not known how long they are fresh
const kLearned = " Examples and students that were learned from it go as well.";

function Served({ tier, of, range }: { tier: "exact" | "semantic"; of: Counts | null; range: Record<string, unknown> }) {
    if (!of) return <Figure label={`Entries, ${tier}`} value={dash} note={`no cascade has the tier ${tier}`} />;
    const href = toRequests({ ...range as {}, tier });
    return <>
        <Figure label={`Served, ${tier}`} value={share(of.share)} href={href} note={`${count(of.served)} requests`} />
        <Figure label={`Entries, ${tier}`} value={count(of.entries)} note={`${bytes(of.bytes)} of memory`} />
        {of.disk_bytes !== undefined && <Figure label={`On disk, ${tier}`} value={count(of.disk_entries)} note={bytes(of.disk_bytes)} />}</>;
}

export function Cache({ route, may }: PageProps) {
    const search = route.query.get("search") ?? "", task = route.query.get("task") ?? "", tenant = route.query.get("tenant") ?? "";
    const range = rangeValues(route);
    const counts = useApi<{ exact: Counts; semantic: Counts | null; requests: number }>(`/api/cache?${queryOf(range)}`);
    const found = useApi<Found>(may ? `/api/cache/entries?${queryOf({ search, task, tenant, most: 200 })}` : null);
    const [kind, setKind] = useState<string>("tag");
    const [value, setValue] = useState("");
    const { busy, said, failed, act } = useAction();
    const purge = (mark: Record<string, string>) => {
        const [[by, what]] = Object.entries(mark) as [[string, string]];
        if (!confirm(`Purge what has the ${by} ${what}?${by === "task" || by === "tenant" ? kLearned : ""}`)) return;
        act(async () => { const done = await ask<{ created_until_unix_us: number }>("/api/cache/purge", mark); counts.retry(); found.retry(); return `Void now: what was written before ${clock(done.created_until_unix_us)}.`; });
    };
    const filter = (name: string, of: string) => of && <><button class="quiet" onClick={() => setQuery(route, { [name]: null })} aria-label={`Remove the filter ${name}`}>{name}: {of} {"\u00d7"}</button>
        <button class="quiet danger" disabled={busy} onClick={() => purge({ [name]: of })}>Purge all of this {name}</button></>;
    return <Page title="Cache" side={<span class="form">{may && <SearchBox label="Words of the question" value={search} onSearch={(text) => setQuery(route, { search: text })} />}<RangePicker route={route} /></span>}>
        <Wait asked={counts}>{(data) => <dl class="figures"><Served tier="exact" of={data.exact} range={range} /><Served tier="semantic" of={data.semantic} range={range} /></dl>}</Wait>
        {(task || tenant) && <p class="tools">{filter("task", task)}{filter("tenant", tenant)}</p>}
        <Said said={said} failed={failed} />
        {!may ? <Empty><p>Entries hold callers{"\u2019"} questions: a token of role operate is needed to look into them. <Tier name="exact" /> needs the same request, <Tier name="semantic" /> the same meaning.</p></Empty>
            : <Wait asked={found}>{(data) => <>
            <Table name="cache" caption={search || task || tenant ? "Entries found, newest first" : "The newest entries"} rows={data.entries}
                empty={search || task || tenant ? <p>No cached question has these words{"\u2009"}{data.more && `, of ${count(data.looked_at)} that were looked at`}. <a href={link("cache", range)}>Show the newest</a></p>
                    : <><h2>Nothing is cached</h2><p>Put <code>exact</code> and <code>semantic</code> among a cascade{"\u2019"}s tiers. <Tier name="exact" /> needs the same request, <Tier name="semantic" /> the same meaning.</p></>} columns={[
            { key: "question", label: "Question", show: (e) => <span class="clip" title={e.question}>{e.question || dash}</span> },
            { key: "state", label: "State", show: (e) => <Badge of={e.state} /> },
            { key: "purge", label: "By hand", value: () => "", show: (e: Entry) => <button class="danger quiet" disabled={busy} aria-label={`Purge ${e.key}`} onClick={() => purge({ key: e.key })}>Purge</button> },
            { key: "class", label: "Class", show: (e) => e.class },
            { key: "hits", label: "Hits", numeric: true, show: (e) => count(e.hits) }, { key: "fresh_until_unix_us", label: "Fresh until", show: (e) => e.fresh_until_unix_us !== null ? clock(e.fresh_until_unix_us) : kJudged.includes(e.state) ? "for good" : dash },
            { key: "why", label: "Why it may be served or not", show: (e) => <span class="clip" title={e.why}>{e.why}</span> },
            { key: "model", label: "Answer of", show: (e) => e.model },
            { key: "tenant", label: "Tenant", show: (e) => <a href={link("cache", { ...range, tenant: e.tenant })}>{e.tenant}</a> },
            { key: "task", label: "Task", show: (e) => e.task ? <a href={link("cache", { ...range, task: e.task })}><code>{e.task}</code></a> : dash },
            { key: "semantic", label: "By meaning", show: (e) => (e.semantic ? "yes" : "no") },
            { key: "created_unix_us", label: "Written", show: (e) => clock(e.created_unix_us) }, { key: "bytes", label: "Size", numeric: true, show: (e) => bytes(e.bytes) },
            { key: "tags", label: "Tags, sources", value: (e) => [...e.tags, ...e.sources].join(" "), show: (e) => [...e.tags, ...e.sources].join(", ") }]} />
            {data.more && data.entries.length > 0 && <p class="note">There are more: {count(data.looked_at)} entries were looked at. More words find fewer.</p>}</>}</Wait>}
        {may && <section class="card" aria-label="Purge"><h2>Purge</h2>
            <form class="form" onSubmit={(e) => { e.preventDefault(); purge({ [kind]: value }); }}>
                <label class="field">Everything with<select value={kind} onChange={(e) => setKind(e.currentTarget.value)}>{kMarks.map((m) => <option key={m}>{m}</option>)}</select></label>
                <label class="field">equal to<input required value={value} onInput={(e) => setValue(e.currentTarget.value)} /></label>
                <button class="danger" disabled={busy}>Purge</button></form></section>}
    </Page>;
}
