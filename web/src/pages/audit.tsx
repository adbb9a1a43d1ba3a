import { useApi } from "../api";
import { clock } from "../format";
import { Page, Table, Wait } from "../parts";
import type { PageProps } from "../types";

interface Entry { at_unix_us: number; who: string; role: string; from: string; method: string; path: string; status: number; said?: unknown; before?: unknown; after?: unknown }
const short = (value: unknown) => (value === undefined || value === null || value === "" ? "" : typeof value === "string" ? value : JSON.stringify(value));

export function Audit(_: PageProps) {
    const asked = useApi<{ changes: Entry[] }>("/api/audit");
    return <Page title="Audit log"><Wait asked={asked}>{(data) => <Table name="audit" caption="Changes, newest first" rows={data.changes}
        empty={<><h2>Nothing was changed yet</h2><p>Every change made here or by a script is written down: who, what, before and after.</p></>} columns={[
        { key: "at_unix_us", label: "When", show: (e) => clock(e.at_unix_us) }, { key: "who", label: "Who", show: (e) => e.who }, { key: "from", label: "From", show: (e) => e.from },
        { key: "path", label: "What", show: (e) => <code>{e.path}</code> }, { key: "status", label: "Status", numeric: true, show: (e) => <span class={e.status >= 400 ? "bad" : ""}>{e.status}</span> },
        { key: "before", label: "Before", value: (e) => short(e.before), show: (e) => <span title={short(e.before)}>{short(e.before)}</span> },
        { key: "after", label: "After", value: (e) => short(e.after ?? e.said), show: (e) => <span title={short(e.after ?? e.said)}>{short(e.after ?? e.said)}</span> }]} />}</Wait></Page>;
}
