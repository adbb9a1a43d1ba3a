import { useMemo } from "preact/hooks";
import { ask, useAction, useApi } from "../api";
import { bytes, clock, count, interval } from "../format";
import { Page, Said, Table, Wait } from "../parts";
import { link } from "../router";
import type { PageProps, Student } from "../types";

export function Students({ may }: PageProps) {
    const asked = useApi<{ students: Student[] }>("/api/students", 10_000);
    const { busy, said, failed, act } = useAction();
    const change = (s: Student, what: string) => act(async () => {
        const done = await ask<{ said: string }>(`/api/students/${s.student}/${what}`, {});
        asked.retry();
        return done.said;
    });
    const rows = useMemo(() => asked.data?.students ?? [], [asked.data]);
    return <Page title="Students">
        <p class="note">observe {"\u2192"} eligible {"\u2192"} shadow {"\u2192"} canary {"\u2192"} serving; demoted where a gate has shut.</p>
        <Said said={said} failed={failed} />
        <Wait asked={asked}>{() => <Table name="students" caption="Students" rows={rows} href={(s) => link(`tasks/${s.task}`)}
            empty={<><h2>No students yet</h2><p>Put <code>student</code> among a cascade{"\u2019"}s tiers and set <code>store: content</code>. A task becomes eligible with 40 answered requests.</p></>} columns={[
            { key: "student", label: "Student", show: (s) => <a href={link(`tasks/${s.task}`)}><code>{s.student}</code></a> },
            { key: "state", label: "State", show: (s) => <span class={`badge ${s.state}`}>{s.state}</span> },
            ...(may ? [{ key: "by_hand", label: "By hand", value: () => "", show: (s: Student) => <span class="tools">
                <button class="quiet" disabled={busy} aria-label={`Promote ${s.student}`} onClick={() => change(s, "promote")}>Promote</button>
                <button class="quiet" disabled={busy} aria-label={`Demote ${s.student}`} onClick={() => change(s, "demote")}>Demote</button>
                {s.can_roll_back && <button class="quiet" disabled={busy} aria-label={`Roll back ${s.student}`} onClick={() => change(s, "rollback")}>Roll back</button>}</span> }] : []),
            { key: "examples", label: "Examples", numeric: true, show: (s) => count(s.examples || s.examples_kept) },
            { key: "disagreement", label: "Differ (95 %)", numeric: true, value: (s) => s.disagreement.share, show: (s) => s.disagreement.answers ? interval(s.disagreement.share, s.disagreement.share_low, s.disagreement.share_high) : "\u2013" },
            { key: "audits", label: "Audits", numeric: true, value: (s) => s.audits.answers, show: (s) => count(s.audits.answers) },
            { key: "bytes", label: "Size", numeric: true, show: (s) => bytes(s.bytes) },
            { key: "trained_unix_us", label: "Trained", show: (s) => clock(s.trained_unix_us) },
            { key: "tenant", label: "Tenant", show: (s) => s.tenant }, { key: "reference", label: "Reference", show: (s) => s.reference },
            { key: "why", label: "Why", show: (s) => <span title={s.why}>{s.why}</span> }]} />}</Wait>
    </Page>;
}
