import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ask, useAction, useApi } from "../api";
import { clock, count, interval, share, usd } from "../format";
import { Empty, Facts, Page, RangePicker, rangeOf, Said, Table, Tier, toRequests, Wait } from "../parts";
import { link, setQuery } from "../router";
import type { Decision, PageProps, Student, Task } from "../types";

const kPage = 200;
interface Answer { tasks: Task[]; total: number }

export function Tasks(props: PageProps) { return props.route.rest ? <OneTask {...props} /> : <List {...props} />; }

function List({ route }: PageProps) {
    const since = rangeOf(route), search = route.query.get("search") ?? "", sort = route.query.get("sort") ?? "cost";
    const base = `/api/tasks?since=${since}&sort=${sort}&search=${encodeURIComponent(search)}`;
    const asked = useApi<Answer>(`${base}&most=${kPage}&offset=0`);
    const [more, setMore] = useState<{ base: string; rows: (Task | undefined)[] }>({ base: "", rows: [] });
    const under = useRef(new Set<string>());
    const total = asked.data?.total ?? 0;
    useEffect(() => {  // the first page; the others come as they are scrolled to
        if (!asked.data) return;
        const rows = new Array<Task | undefined>(asked.data.total);
        rows.fill(undefined);
        asked.data.tasks.forEach((task, i) => { rows[i] = task; });
        under.current.clear();
        setMore({ base, rows });
    }, [asked.data, base]);
    const onRange = useCallback((first: number, last: number) => {
        for (let page = Math.floor(first / kPage); page * kPage < Math.min(last, total); ++page) {
            const path = `${base}&most=${kPage}&offset=${page * kPage}`;
            if (page === 0 || under.current.has(path)) continue;
            under.current.add(path);
            ask<Answer>(path).then((answer) => setMore((old) => {
                if (old.base !== base) return old;
                const rows = old.rows.slice();
                answer.tasks.forEach((task, i) => { rows[page * kPage + i] = task; });
                return { base, rows };
            }), () => under.current.delete(path));
        }
    }, [base, total]);
    const all = async () => {
        const list: Task[] = [];
        while (list.length < total) {
            const answer = await ask<Answer>(`${base}&most=${kPage}&offset=${list.length}`);
            if (!answer.tasks.length) break;
            list.push(...answer.tasks);
        }
        return list;
    };
    const open = (t: Task) => link(`tasks/${t.task}`, { since });
    return <Page title="Tasks" side={<span class="form">
        <label class="field inline">Search<input type="search" value={search} onInput={(e) => setQuery(route, { search: e.currentTarget.value })} /></label>
        <label class="field inline">Order<select value={sort} onChange={(e) => setQuery(route, { sort: e.currentTarget.value })}>
            <option value="cost">cost</option><option value="requests">requests</option><option value="disagreement">disagreement</option><option value="name">name</option></select></label>
        <RangePicker route={route} /></span>}>
        <Wait asked={asked}>{() => <Table name="tasks" caption={`${count(total)} tasks`} rows={more.base === base ? more.rows : []} href={open} onRange={onRange} all={all}
            empty={search ? <p>No task has “{search}” in its name. <a href={link("tasks")}>Show all</a></p>
                : <><h2>No tasks yet</h2><p>A task is a tenant, a reference model, a system prompt and a set of tools. It appears with its first request.</p></>}
            columns={[
                { key: "name", label: "Task", show: (t) => <a href={open(t)}>{t.name || t.task}</a> },
                { key: "state", label: "State", show: (t) => <span class={`badge ${t.state}`}>{t.state}</span> },
                { key: "tenant", label: "Tenant", show: (t) => t.tenant },
                { key: "requests", label: "Requests", numeric: true, show: (t) => <a href={toRequests({ task: t.task, since })}>{count(t.requests)}</a> },
                { key: "cost_usd", label: "Cost", numeric: true, show: (t) => usd(t.cost_usd) },
                { key: "saved_usd", label: "Saved", numeric: true, show: (t) => usd(t.saved_usd) },
                { key: "promise", label: "Promise", numeric: true, show: (t) => share(t.promise) },
                { key: "disagreement", label: "Disagreement (95 %)", numeric: true, show: (t) => interval(t.disagreement, t.disagreement_low, t.disagreement_high) },
                { key: "audits", label: "Audits", numeric: true, show: (t) => count(t.audits) },
                { key: "reference", label: "Reference", show: (t) => t.reference }]} />}</Wait>
    </Page>;
}

function OneTask({ route, may }: PageProps) {
    const id = route.rest, since = rangeOf(route);
    const asked = useApi<Answer>(`/api/tasks?task=${encodeURIComponent(id)}&since=${since}&most=1&offset=0`);
    const log = useApi<{ decisions: Decision[] }>(`/api/cascades/log?task=${encodeURIComponent(id)}&most=100`);
    const students = useApi<{ students: Student[] }>("/api/students");
    const student = students.data?.students.find((s) => s.task === id);
    const { busy, said, failed, act } = useAction();
    const change = (what: "promote" | "demote") => act(async () => {
        const done = await ask<{ said: string }>(`/api/students/${student!.student}/${what}`, {});
        students.retry();
        return done.said;
    });
    const task = asked.data?.tasks[0];
    return <Page title={task?.name || `Task ${id}`} side={<RangePicker route={route} />}>
        <p class="note"><a href={link("tasks")}>All tasks</a></p>
        <Wait asked={asked}>{() => !task ? <Empty><p>No request of this task is in this range. Choose a longer one.</p></Empty> : <>
            <section class="card" aria-label="Promise"><h2>Promise and proof</h2>
                <Facts of={[["State", <span class={`badge ${task.state}`}>{task.state}</span>], ["Mode", <a href={link("configuration")}>{task.mode}</a>],
                    ["Promise", task.promise === null ? "none" : `${share(task.promise)} at ${share(task.confidence, 0)} confidence`],
                    ["Disagreement (95 %)", interval(task.disagreement, task.disagreement_low, task.disagreement_high)],
                    ["Audits", <a href={toRequests({ task: id, since, purpose: "audit" })}>{count(task.audits)}</a>], ["Trials", count(task.trials)],
                    ["Requests", <a href={toRequests({ task: id, since })}>{count(task.requests)}</a>], ["Cost", usd(task.cost_usd)],
                    ["The reference would have cost", usd(task.counterfactual_usd)], ["Saved", usd(task.saved_usd)],
                    ["Reference", task.reference], ["Tenant", task.tenant], ["Cascade", task.cascade], ["Number", <code>{task.task}</code>]]} />
                <p>{Object.entries(task.by_tier).map(([tier, n]) => <a key={tier} class="badge" href={toRequests({ task: id, since, tier })}><Tier name={tier} /> {count(n)}</a>)}</p>
            </section></>}</Wait>
        {student && <section class="card" aria-label="Student"><h2>Student</h2>
            <p><span class={`badge ${student.state}`}>{student.state}</span> {student.why}</p>
            {may && <p class="tools"><button disabled={busy} onClick={() => change("promote")}>Promote</button><button class="danger" disabled={busy} onClick={() => change("demote")}>Demote</button></p>}
            <Said said={said} failed={failed} /></section>}
        <Wait asked={log}>{(data) => <Table name="decisions" caption="Decisions" rows={data.decisions} empty={<p>Nothing was decided about this task yet. The first certificate takes some dozens of trials.</p>} columns={[
            { key: "unix_us", label: "When", show: (d) => clock(d.unix_us) },
            { key: "decision", label: "Decision", show: (d) => <span class={`badge ${d.decision}`}>{d.decision}</span> },
            { key: "state", label: "State", show: (d) => d.state ?? "" }, { key: "ladder", label: "Ladder", show: (d) => d.ladder ?? "" },
            { key: "worse_at_most", label: "Worse at most", numeric: true, show: (d) => share(d.worse_at_most, 2) },
            { key: "allowed_now", label: "Allowed", numeric: true, show: (d) => share(d.allowed_now, 2) },
            { key: "trials", label: "Trials", numeric: true, show: (d) => count(d.trials) }]} />}</Wait>
    </Page>;
}
