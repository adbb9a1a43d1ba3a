import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ask, useAction, useApi } from "../api";
import { clock, count, graded, interval, share, usd } from "../format";
import { Badge, Empty, Facts, NotWritable, Page, RangePicker, Said, SearchBox, Table, Tier, toRequests, Wait } from "../parts";
import { link, queryOf, rangeValues, setQuery } from "../router";
import type { ConfigFile, Decision, PageProps, Student, Task } from "../types";

const kPage = 200;
interface Answer { tasks: Task[]; total: number; complete?: boolean }

export function Tasks(props: PageProps) { return props.route.rest ? <OneTask key={props.route.rest} {...props} /> : <List {...props} />; }

function List({ route }: PageProps) {
    const range = rangeValues(route), search = route.query.get("search") ?? "", sort = route.query.get("sort") ?? "cost";
    const base = `/api/tasks?${queryOf({ ...range, sort, search })}`;
    const asked = useApi<Answer>(`${base}&most=${kPage}&offset=0`);
    const [more, setMore] = useState<{ base: string; rows: (Task | undefined)[] }>({ base: "", rows: [] });
    const [problem, setProblem] = useState("");
    const under = useRef(new Set<string>());
    const total = asked.data?.total ?? 0;
    useEffect(() => {  // the first page; the others come as they are scrolled to
        if (!asked.data) return;
        const rows = new Array<Task | undefined>(asked.data.total);
        rows.fill(undefined);
        asked.data.tasks.forEach((task, i) => { rows[i] = task; });
        under.current.clear();
        setProblem("");
        setMore({ base, rows });
    }, [asked.data, base]);
    const onRange = useCallback((first: number, last: number) => {
        for (let page = Math.floor(first / kPage); page * kPage < Math.min(last, total); ++page) {
            const path = `${base}&most=${kPage}&offset=${page * kPage}`;
            if (page === 0 || under.current.has(path)) continue;
            under.current.add(path);
            ask<Answer>(path).then((answer) => { setProblem(""); setMore((old) => {
                if (old.base !== base) return old;
                const rows = old.rows.slice();
                answer.tasks.forEach((task, i) => { rows[page * kPage + i] = task; });
                return { base, rows };
            }); }, (error: Error) => { under.current.delete(path); setProblem(error.message); });
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
    const open = (t: Task) => link(`tasks/${t.task}`, range);
    const requests = (t: Task, text: string) => <a href={toRequests({ task: t.task, ...range })}>{text}</a>;
    return <Page title="Tasks" side={<span class="form">
        <SearchBox label="Search" value={search} onSearch={(text) => setQuery(route, { search: text })} />
        <label class="field inline">Order<select value={sort} onChange={(e) => setQuery(route, { sort: e.currentTarget.value })}>
            <option value="cost">cost</option><option value="requests">requests</option><option value="disagreement">disagreement</option><option value="name">name</option></select></label>
        <RangePicker route={route} /></span>}>
        {problem && <div class="problem" role="alert"><p>Some rows could not be fetched: {problem}</p><button onClick={asked.retry}>Try again</button></div>}
        <Wait asked={asked}>{(data) => <>
            {data.complete === false && <p class="note">The sums of older requests are still being made: they are too low for now.</p>}
            <Table name="tasks" caption={`${count(total)} tasks`} rows={more.base === base ? more.rows : []} href={open} onRange={onRange} all={all}
            empty={search ? <p>No task has “{search}” in its name. <a href={link("tasks", range)}>Show all</a></p>
                : <><h2>No tasks yet</h2><p>A task is a tenant, a reference model, a system prompt and a set of tools. It appears with its first request; choose a longer range for earlier ones.</p></>}
            columns={[
                { key: "name", label: "Task", show: (t) => <a href={open(t)} title={t.name}><span class="clip">{t.name || t.task}</span></a> },
                { key: "state", label: "State", show: (t) => <Badge of={t.state} /> },
                { key: "mode", label: "Mode", show: (t) => t.mode ?? "" },
                { key: "tenant", label: "Tenant", show: (t) => t.tenant },
                { key: "requests", label: "Requests", numeric: true, show: (t) => requests(t, count(t.requests)) },
                { key: "cost_usd", label: "Cost", numeric: true, show: (t) => requests(t, usd(t.cost_usd)) },
                { key: "saved_usd", label: "Saved", numeric: true, show: (t) => requests(t, usd(t.saved_usd)) },
                { key: "promise", label: "Promise", numeric: true, show: (t) => share(t.promise) },
                { key: "disagreement", label: "Disagreement (95 %)", numeric: true, show: (t) => interval(t.disagreement, t.disagreement_low, t.disagreement_high) },
                { key: "audits", label: "of so many audits", numeric: true, show: (t) => count(t.audits) },
                { key: "reference", label: "Reference", show: (t) => t.reference }, { key: "task", label: "Number", show: (t) => <code>{t.task}</code> }]} /></>}</Wait>
    </Page>;
}

const kModes = ["off", "observe", "shadow", "serve"];

// The task's own mode, which stands in the configuration and can only lower that of its cascade.
function Mode({ task, changed }: { task: Task; changed: () => void }) {
    const config = useApi<ConfigFile>("/api/config").data;
    const [mode, setMode] = useState(task.mode_of_task ?? "");
    const { busy, said, failed, act } = useAction();
    useEffect(() => setMode(task.mode_of_task ?? ""), [task.mode_of_task]);
    const lower = kModes.slice(0, kModes.indexOf(task.mode_of_cascade ?? "off"));
    const set = (event: Event) => {
        event.preventDefault();
        act(async () => {
            await ask(`/api/tasks/${task.task}/mode`, { cascade: task.cascade, mode: mode || null });
            changed();
            return mode ? `In force: ${mode}, written into the configuration.` : "In force: as its cascade; the task\u2019s own mode is gone from the configuration.";
        });
    };
    if (!task.mode_of_cascade) return <p class="note">Its cascade is not in the configuration any more.</p>;
    if (config?.writable === false) return <NotWritable file={config.file} />;
    return <form class="form" onSubmit={set} aria-label="Mode of this task">
        <label class="field">Mode<select value={mode} onChange={(e) => setMode(e.currentTarget.value)}>
            <option value="">as its cascade ({task.mode_of_cascade})</option>
            {lower.map((each) => <option key={each} value={each}>{each}</option>)}
            {mode && !lower.includes(mode) && <option value={mode}>{mode}</option>}</select></label>
        <button disabled={busy || mode === (task.mode_of_task ?? "")}>Set</button><Said said={said} failed={failed} /></form>;
}

function StudentOfTask({ student, may, changed }: { student: Student; may: boolean; changed: () => void }) {
    const { busy, said, failed, act } = useAction();
    const change = (what: string) => act(async () => {
        const done = await ask<{ said: string }>(`/api/students/${student.student}/${what}`, {});
        changed();
        return done.said;
    });
    return <section class="card" aria-label="Student"><h2>Student <a href={link(`students/${student.student}`)}><code>{student.student}</code></a></h2>
        <p><Badge of={student.state} /> {student.why}</p>
        {may && <p class="tools"><button disabled={busy} onClick={() => change("promote")}>Promote</button><button class="danger" disabled={busy} onClick={() => change("demote")}>Demote</button>
            {student.can_roll_back && <button class="quiet" disabled={busy} onClick={() => change("rollback")}>Roll back</button>}</p>}
        <Said said={said} failed={failed} /></section>;
}

function OneTask({ route, may }: PageProps) {
    const id = route.rest, range = rangeValues(route);
    const asked = useApi<Answer>(`/api/tasks?${queryOf({ task: id, ...range })}&most=1&offset=0`);
    const log = useApi<{ decisions: Decision[] }>(`/api/cascades/log?task=${encodeURIComponent(id)}&most=100`);
    const students = useApi<{ students: Student[] }>("/api/students");
    const mine = students.data?.students.filter((s) => s.task === id) ?? [];
    const task = asked.data?.tasks[0];
    const to = (more: Record<string, string> = {}) => toRequests({ task: id, ...range, ...more });
    return <Page title={task?.name || `Task ${id}`} side={<RangePicker route={route} />}>
        <p class="tools"><a href={link("tasks", range)}>All tasks</a> <a href={to()}>Its requests</a> <a href={to({ purpose: "audit" })}>Its audits</a> <a href={to({ purpose: "trial" })}>Its trials</a> {may && <a href={link("cache", { task: id })}>Its cached answers</a>}</p>
        <Wait asked={asked}>{() => !task ? <Empty><p>No request of this task is in this range. Choose a longer one.</p></Empty> : <>
            <section class="card" aria-label="Promise"><h2>Promise and proof</h2>
                <Facts of={[["State", <Badge of={task.state} />], ["Mode", task.mode ?? "not configured"],
                    ["Promise", task.promise === null ? "none" : `${share(task.promise)} at ${share(task.confidence, 0)} confidence`],
                    ["Certificate", task.promise === null ? "none" : task.certified ? "its cascade has one" : "not yet"],
                    ["Disagreement (95 %)", interval(task.disagreement, task.disagreement_low, task.disagreement_high)],
                    ["Audits in its proof", count(task.audits)], ["Requests in its proof", count(task.trials)],
                    ["Requests", <a href={to()}>{count(task.requests)}</a>], ["Errors", <a href={to({ status: "error" })}>{count(task.errors)}</a>], ["Cost", <a href={to()}>{usd(task.cost_usd)}</a>],
                    ["The reference would have cost", <a href={to()}>{usd(task.counterfactual_usd)}</a>], ["Saved", <a href={to()}>{usd(task.saved_usd)}</a>],
                    ["Reference", task.reference], ["Tenant", task.tenant], ["Cascade", task.cascade], ["Number", <code>{task.task}</code>]]} />
                <p class="tools">{Object.entries(task.by_tier).map(([tier, n]) => <a key={tier} class="badge" href={to({ tier })}><Tier name={tier} /> {count(n)}</a>)}</p>
                {may && <Mode task={task} changed={asked.retry} />}
            </section>
            {task.tiers && task.tiers.length > 0 && <Table name="task-tiers" caption="Its tiers" rows={task.tiers} columns={[
                { key: "tier", label: "Tier", show: (t) => t.tier }, { key: "in_ladder", label: "In the plan", show: (t) => (t.in_ladder ? "yes" : "no") },
                { key: "compared", label: "Compared", numeric: true, value: (t) => t.compared.answers, show: (t) => count(t.compared.answers) },
                { key: "compared_differ", label: "of them differ (95 %)", numeric: true, value: (t) => t.compared.share, show: (t) => graded(t.compared) },
                { key: "audited", label: "Served and audited", numeric: true, value: (t) => t.audited.answers, show: (t) => count(t.audited.answers) },
                { key: "audited_differ", label: "of them differ (95 %)", numeric: true, value: (t) => t.audited.share, show: (t) => graded(t.audited) }]} />}</>}</Wait>
        {mine.map((student) => <StudentOfTask key={student.student} student={student} may={may} changed={students.retry} />)}
        <Wait asked={log}>{(data) => <Table name="decisions" caption="Decisions" rows={data.decisions} empty={<p>Nothing was decided about this task yet. The first certificate takes some dozens of trials.</p>} columns={[
            { key: "unix_us", label: "When", show: (d) => clock(d.unix_us) },
            { key: "decision", label: "Decision", show: (d) => <Badge of={d.decision} /> },
            { key: "state", label: "State", show: (d) => d.state ?? "" }, { key: "ladder", label: "Ladder", show: (d) => d.ladder ?? "" },
            { key: "worse_at_most", label: "Worse at most", numeric: true, show: (d) => share(d.worse_at_most, 2) },
            { key: "allowed_now", label: "Allowed", numeric: true, show: (d) => share(d.allowed_now, 2) },
            { key: "trials", label: "Trials", numeric: true, show: (d) => count(d.trials) }]} />}</Wait>
    </Page>;
}
