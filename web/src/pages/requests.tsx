import { useEffect, useState } from "preact/hooks";
import { ask, useApi } from "../api";
import { clock, count, duration, share, traceLine, usd } from "../format";
import { Facts, kTiers, Page, RangePicker, Table, Tier, Wait } from "../parts";
import { link, queryOf, rangeValues, setQuery } from "../router";
import type { PageProps, Row } from "../types";

interface Answer { requests: Row[]; next: string | null }
interface Older { path: string; rows: Row[]; next: string | null; problem: string }
const kMostSaved = 10_000;  // rows of one file
const kPurposes = [["request", "callers\u2019"], ["all", "all"], ["own", "Weir\u2019s own"], ["audit", "audits"], ["trial", "trials"], ["judge", "judge"], ["refresh", "refreshes"]] as const;
const kFilters = ["task", "tenant", "cascade", "reference", "tier", "status", "purpose"] as const;

export function Requests(props: PageProps) { return props.route.rest ? <One {...props} /> : <List {...props} />; }

function List({ route }: PageProps) {
    const query = new URLSearchParams(queryOf({ ...rangeValues(route), most: 100 }));
    for (const name of kFilters) for (const value of route.query.getAll(name)) query.append(name, value);
    const path = `/api/requests?${query}`;
    const asked = useApi<Answer>(path);
    const [older, setOlder] = useState<Older>({ path, rows: [], next: null, problem: "" });
    const [under, setUnder] = useState("");  // the question for older ones that is under way
    useEffect(() => { if (asked.data) setOlder({ path, rows: [], next: asked.data.next, problem: "" }); }, [asked.data, path]);
    const mine = older.path === path;  // else of the filters before
    const rows = [...(asked.data?.requests ?? []), ...(mine ? older.rows : [])];
    const next = mine ? older.next : null;
    const question = `${path}&before=${next}`;
    const fetchOlder = async () => {
        setUnder(question);
        try {
            const answer = await ask<Answer>(question);
            setOlder((old) => old.path !== path || old.next !== next ? old  // asked twice, or another list by now
                : { path, rows: [...old.rows, ...answer.requests], next: answer.next, problem: "" });
        } catch (error) {
            setOlder((old) => (old.path === path ? { ...old, problem: (error as Error).message } : old));
        }
        setUnder((now) => (now === question ? "" : now));
    };
    const all = async () => {
        const list: Row[] = [];
        let before = "";
        do {
            const answer: Answer = await ask<Answer>(`${path.replace(/most=\d+/, "most=200")}${before}`);
            list.push(...answer.requests);
            before = answer.next === null ? "" : `&before=${answer.next}`;
        } while (before && list.length < kMostSaved);
        return list.slice(0, kMostSaved);
    };
    const purpose = route.query.get("purpose") ?? "request";
    const set = kFilters.filter((name) => !["tier", "status", "purpose"].includes(name) && route.query.get(name));
    return <Page title="Requests" side={<span class="form">
        <label class="field inline">Tier<select value={route.query.get("tier") ?? ""} onChange={(e) => setQuery(route, { tier: e.currentTarget.value })}>
            <option value="">all</option>{kTiers.map((tier) => <option key={tier} value={tier}>{tier}</option>)}</select></label>
        <label class="field inline">Status<select value={route.query.get("status") ?? ""} onChange={(e) => setQuery(route, { status: e.currentTarget.value })}>
            <option value="">all</option><option value="ok">ok</option><option value="error">error</option></select></label>
        <label class="field inline">Purpose<select value={purpose} onChange={(e) => setQuery(route, { purpose: e.currentTarget.value })}>
            {kPurposes.map(([value, text]) => <option key={value} value={value}>{text}</option>)}</select></label>
        <RangePicker route={route} /></span>}>
        {set.length > 0 && <p class="tools">{set.map((name) => <button key={name} class="quiet" onClick={() => setQuery(route, { [name]: null })} aria-label={`Remove the filter ${name}`}>{name}: {route.query.get(name)} {"\u00d7"}</button>)}</p>}
        <Wait asked={asked}>{() => <>
            <Table name="requests" caption="Requests, newest first" rows={rows} href={(r) => link(`requests/${r.id}`)} all={all} most={kMostSaved}
                empty={next ? <p>None among those looked at so far: older ones may have these marks.</p> : <><h2>No such request</h2><p>Nothing in this range has these marks. Choose a longer range or <a href="#/requests">remove the filters</a>.</p></>} columns={[
                { key: "started_unix_us", label: "When", show: (r) => <a href={link(`requests/${r.id}`)}>{clock(r.started_unix_us)}</a> },
                ...(purpose === "request" ? [] : [{ key: "purpose", label: "Purpose", show: (r: Row) => r.purpose }]),
                { key: "tier", label: "Tier", show: (r) => <Tier name={r.tier} /> }, { key: "model", label: "Answered by", show: (r) => r.model },
                { key: "status", label: "Status", numeric: true, show: (r) => <span class={r.status >= 400 ? "bad" : ""}>{r.status}</span> },
                { key: "latency_us", label: "Latency", numeric: true, show: (r) => duration(r.latency_us) },
                { key: "cost_usd", label: "Cost", numeric: true, show: (r) => usd(r.cost_usd) }, { key: "saved_usd", label: "Saved", numeric: true, show: (r) => usd(r.saved_usd) },
                { key: "task_name", label: "Task", show: (r) => <a href={link(`tasks/${r.task}`)}>{r.task_name || r.task}</a> },
                { key: "tenant", label: "Tenant", show: (r) => r.tenant }, { key: "id", label: "Id", show: (r) => <code>{r.id}</code> }]} />
            {mine && older.problem && <div class="problem" role="alert"><p>Older ones could not be fetched: {older.problem}</p></div>}
            {next && <p><button disabled={under === question} onClick={() => void fetchOlder()}>Show older ones</button></p>}</>}</Wait>
    </Page>;
}

function One({ route }: PageProps) {
    const asked = useApi<Row>(`/api/requests/${encodeURIComponent(route.rest)}`);
    return <Page title={`Request ${route.rest}`}>
        <p class="note"><a href={link("requests")}>All requests</a></p>
        <Wait asked={asked}>{(r) => <>
            <section class="card" aria-label="Request">
                {r.trace && <p>{traceLine(r.trace)}</p>}
                <Facts of={[["Started", clock(r.started_unix_us)], ["Tier", <Tier name={r.tier} />], ["Answered by", r.model || "nobody"], ["Reference", r.reference],
                    ["Status", String(r.status)], ["Latency", duration(r.latency_us)], ["Weir\u2019s own time", duration(r.overhead_us)], ["Mode", r.mode], ["Purpose", r.purpose],
                    ["Cost", usd(r.cost_usd) + (r.estimated ? " (estimated)" : "")], ["The reference would have cost", usd(r.counterfactual_usd)], ["Saved", usd(r.saved_usd)],
                    ["Task", <a href={link(`tasks/${r.task}`)}>{r.task_name || r.task}</a>], ["Tenant", r.tenant], ["Cascade", r.cascade], ["Class", r.class], ["Stream", r.stream ? "yes" : "no"]]} />
            </section>
            <Table name="attempts" caption="Attempts" rows={r.attempts} empty={<p>Nobody was asked.</p>} columns={[
                { key: "tier", label: "Tier", show: (a) => <Tier name={a.tier} /> }, { key: "model", label: "Model", show: (a) => a.model ?? "" },
                { key: "outcome", label: "Outcome", show: (a) => a.outcome }, { key: "status", label: "Status", numeric: true, show: (a) => a.status || "" },
                { key: "input_uncached_tokens", label: "Input", numeric: true, show: (a) => count(a.input_uncached_tokens) },
                { key: "input_cached_tokens", label: "Cached", numeric: true, show: (a) => count(a.input_cached_tokens) },
                { key: "output_tokens", label: "Output", numeric: true, show: (a) => count(a.output_tokens) },
                { key: "latency_us", label: "Latency", numeric: true, show: (a) => duration(a.latency_us) },
                { key: "mean_logprob", label: "Log-prob", numeric: true, show: (a) => a.mean_logprob === undefined ? "" : a.mean_logprob.toFixed(3).replace("-", "\u2212") },
                { key: "cost_usd", label: "Cost", numeric: true, show: (a) => usd(a.cost_usd) }]} />
            {r.trace && <Table name="trace" caption="Decisions" rows={r.trace} columns={[
                { key: "tier", label: "Tier", show: (s) => s.budget ? `${s.tier} ${s.budget}` : s.tier }, { key: "verdict", label: "Verdict", show: (s) => s.verdict },
                { key: "score", label: "Score", numeric: true, show: (s) => s.score?.toFixed(2) ?? "" }, { key: "needed", label: "Needed", numeric: true, show: (s) => s.needed?.toFixed(2) ?? "" },
                { key: "said", label: "Why", show: (s) => s.said ?? "" }]} />}
            <p class="note">{r.attempts.length ? `Saved ${share(r.saved_usd !== null && r.counterfactual_usd ? r.saved_usd / r.counterfactual_usd : null)} of the reference\u2019s price.` : ""}</p>
        </>}</Wait>
    </Page>;
}
