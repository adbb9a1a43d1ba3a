import { useMemo } from "preact/hooks";
import { ask, useAction, useApi } from "../api";
import { Chart, type Line } from "../chart";
import { bytes, clock, count, dash, graded, share } from "../format";
import { Badge, Empty, Facts, Page, Said, Table, Wait } from "../parts";
import { link } from "../router";
import type { Curve, PageProps, Student } from "../types";

const kLife = ["observe", "eligible", "shadow", "canary", "serving"];
const kWhere = "/api/students";

export function Students(props: PageProps) { return props.route.rest ? <One key={props.route.rest} {...props} /> : <List {...props} />; }

function useChange(changed: () => void) {
    const { act, ...rest } = useAction();
    const change = (s: Student, what: string) => act(async () => {
        const done = await ask<{ said: string }>(`${kWhere}/${s.student}/${what}`, {});
        changed();
        return done.said;
    });
    return { change, ...rest };
}

function List({ may }: PageProps) {
    const asked = useApi<{ students: Student[] }>(kWhere, 10_000);
    const { change, busy, said, failed } = useChange(asked.retry);
    const rows = useMemo(() => asked.data?.students ?? [], [asked.data]);
    const open = (s: Student) => link(`students/${s.student}`);
    return <Page title="Students">
        <p class="note">{kLife.join(" \u2192 ")}; demoted where a gate has shut.</p>
        <Said said={said} failed={failed} />
        <Wait asked={asked}>{() => <Table name="students" caption="Students" rows={rows} href={open}
            empty={<><h2>No students yet</h2><p>Put <code>student</code> among a cascade{"\u2019"}s tiers and set <code>store: content</code>. A task becomes eligible with 40 answered requests.</p></>} columns={[
            { key: "student", label: "Student", show: (s) => <a href={open(s)}><code>{s.student}</code></a> },
            { key: "state", label: "State", show: (s) => <Badge of={s.state} /> },
            ...(may ? [{ key: "by_hand", label: "By hand", value: () => "", show: (s: Student) => <span class="tools">
                <button class="quiet" disabled={busy} aria-label={`Promote ${s.student}`} onClick={() => change(s, "promote")}>Promote</button>
                <button class="quiet" disabled={busy} aria-label={`Demote ${s.student}`} onClick={() => change(s, "demote")}>Demote</button>
                {s.can_roll_back && <button class="quiet" disabled={busy} aria-label={`Roll back ${s.student}`} onClick={() => change(s, "rollback")}>Roll back</button>}</span> }] : []),
            { key: "task", label: "Task", show: (s) => <a href={link(`tasks/${s.task}`)}><code>{s.task}</code></a> },
            { key: "kind", label: "Kind", show: (s) => s.kind ?? dash },
            { key: "examples", label: "Examples", numeric: true, show: (s) => count(s.examples || s.examples_kept) },
            { key: "disagreement", label: "Differ (95 %)", numeric: true, value: (s) => s.disagreement.share, show: (s) => graded(s.disagreement) },
            { key: "audits", label: "Audits", numeric: true, value: (s) => s.audits.answers, show: (s) => count(s.audits.answers) },
            { key: "bytes", label: "Size", numeric: true, show: (s) => bytes(s.bytes) },
            { key: "trained_unix_us", label: "Trained", show: (s) => clock(s.trained_unix_us) },
            { key: "tenant", label: "Tenant", show: (s) => s.tenant }, { key: "reference", label: "Reference", show: (s) => s.reference },
            { key: "why", label: "Why", show: (s) => <span title={s.why}>{s.why}</span> }]} />}</Wait>
    </Page>;
}

// How it came to agree with its reference: one point a version, of those whose answers were compared.
function Learning({ name }: { name: string }) {
    const asked = useApi<Curve>(`${kWhere}/${encodeURIComponent(name)}/curve`);
    const versions = useMemo(() => (asked.data?.versions ?? []).map((v, i) => ({ version: i + 1, ...v })), [asked.data]);
    const drawn = useMemo(() => versions.filter((v) => v.compared.answers > 0), [versions]);
    const at = useMemo(() => drawn.map((v) => v.version), [drawn]);
    const lines = useMemo<Line[]>(() => [
        { label: "agree", colour: "--student", values: drawn.map((v) => 1 - v.compared.share) },
        { label: "at least (95 %)", colour: "--muted", dash: true, values: drawn.map((v) => 1 - v.compared.share_high) },
        { label: "at most (95 %)", colour: "--muted", dash: true, values: drawn.map((v) => 1 - v.compared.share_low) },
        ...(asked.data?.promise ? [{ label: "promised", colour: "--good", values: drawn.map(() => 1 - asked.data!.promise!) }] : [])], [drawn, asked.data]);
    const last = drawn[drawn.length - 1];
    return <Wait asked={asked}>{() => <>
        {drawn.length > 0 ? <Chart title="Learning curve, by examples" at={at} lines={lines} from0={false} show={(v) => share(v)}
            x={{ label: "Version", show: (v) => { const of = versions[v - 1]; return of ? `${v}: ${count(of.examples)} examples` : String(v); },
                tick: (v) => { const of = versions[v - 1]; return of ? count(of.examples) : ""; } }}
            says={`${drawn.length} versions; the last, of ${count(last!.examples)} examples, agrees in ${share(1 - last!.compared.share)} of ${count(last!.compared.answers)} answers that were compared.`} />
            : <Empty><p>No answer of it was compared with its reference{"\u2019"}s yet: that is what shadow is for.</p></Empty>}
        <Table name="student-versions" caption="Versions" rows={versions} empty={<p>It was not trained yet.</p>} columns={[
            { key: "version", label: "Version", numeric: true, show: (v) => v.version }, { key: "trained_unix_us", label: "In its place since", show: (v) => clock(v.trained_unix_us) },
            { key: "examples", label: "Examples", numeric: true, show: (v) => count(v.examples) }, { key: "bytes", label: "Size", numeric: true, show: (v) => bytes(v.bytes) },
            { key: "compared", label: "Compared", numeric: true, value: (v) => v.compared.answers, show: (v) => count(v.compared.answers) },
            { key: "differ", label: "of them differ (95 %)", numeric: true, value: (v) => (v.compared.answers ? v.compared.share : null), show: (v) => graded(v.compared) },
            { key: "audited", label: "Served and audited", numeric: true, value: (v) => v.audited.answers, show: (v) => count(v.audited.answers) },
            { key: "audited_differ", label: "of them differ (95 %)", numeric: true, value: (v) => (v.audited.answers ? v.audited.share : null), show: (v) => graded(v.audited) }]} /></>}</Wait>;
}

function One({ route, may }: PageProps) {
    const name = route.rest;
    const asked = useApi<{ students: Student[] }>(kWhere, 10_000);
    const { change, busy, said, failed } = useChange(asked.retry);
    const s = asked.data?.students.find((each) => each.student === name);
    return <Page title={`Student ${name}`}>
        <p class="tools"><a href={link("students")}>All students</a> {s && <a href={link(`tasks/${s.task}`)}>Its task</a>}</p>
        <Wait asked={asked}>{() => !s ? <Empty><p>There is no student of that name any more: it goes with its examples.</p></Empty> : <>
            <section class="card" aria-label="Life"><h2>Life</h2>
                <ol class="steps">{[...kLife, ...(s.state === "demoted" ? ["demoted"] : [])].map((state) => <li key={state} aria-current={state === s.state ? "step" : undefined}><span>{state}</span></li>)}</ol>
                <p>{s.why}</p>
                <Facts of={[["Since", s.state_since_unix_us ? clock(s.state_since_unix_us) : "not told"], ["Kind", s.kind ?? dash], ["Examples", count(s.examples)], ["Kept to learn from", count(s.examples_kept)],
                    ["Trained anew with", count(s.examples_wanted || null)], ["Differ (95 %)", graded(s.disagreement)], ["Audits that differ (95 %)", graded(s.audits)],
                    ["The reference itself", s.reference_repeats?.says ?? "was not asked twice yet"], ["Gate", s.gate?.task ?? "none yet"], ["Promise", s.gate ? share(s.gate.promise) : dash], ["Size", bytes(s.bytes)],
                    ["Tenant", s.tenant], ["Cascade", s.cascade], ["Reference", s.reference], ["By hand", s.demoted_by_hand ? "demoted" : s.rolled_back ? "rolled back" : "nothing"]]} />
                {may && <p class="tools"><button disabled={busy} onClick={() => change(s, "promote")}>Promote</button><button class="danger" disabled={busy} onClick={() => change(s, "demote")}>Demote</button>
                    {s.can_roll_back && <button class="quiet" disabled={busy} onClick={() => change(s, "rollback")}>Roll back</button>}</p>}
                <Said said={said} failed={failed} />
            </section>
            <Learning name={name} /></>}</Wait>
    </Page>;
}
