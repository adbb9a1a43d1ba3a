// What is wrong now, what was, and who is told (docs/alerts.md).
import { useApi } from "../api";
import { clock, count, dash, duration } from "../format";
import { Page, Table, Wait, type Column } from "../parts";
import { link } from "../router";
import type { Alert, AlertsData } from "../types";

export const useAlerts = () => useApi<AlertsData>("/api/alerts", 10_000);

const kColumns: Column<Alert>[] = [
    { key: "level", label: "Level", show: (a) => <span class={`badge ${a.level}`}>{a.level}</span> },
    { key: "alert", label: "Alert", show: (a) => a.alert.replaceAll("_", " ") },
    { key: "of", label: "Of", show: (a) => a.of || dash },
    { key: "text", label: "What", show: (a) => <span title={a.text}>{a.text}</span> },
    { key: "since_unix_us", label: "Since", show: (a) => clock(a.since_unix_us) },
];
const kEnded: Column<Alert>[] = [...kColumns, { key: "ended_unix_us", label: "Ended", show: (a) => clock(a.ended_unix_us) },
    { key: "lasted", label: "After", numeric: true, value: (a) => (a.ended_unix_us ?? 0) - a.since_unix_us, show: (a) => duration((a.ended_unix_us ?? 0) - a.since_unix_us) }];

// For the overview: nothing where nothing is wrong.
export function Firing() {
    const { data } = useAlerts();
    if (!data || data.firing.length === 0) return null;
    return <section class="card problem" aria-label="Alerts"><h2>{data.firing.length === 1 ? "An alert is firing" : `${count(data.firing.length)} alerts are firing`}</h2>
        <ul class="firing">{data.firing.slice(0, 5).map((a) => <li key={a.id}><span class={`badge ${a.level}`}>{a.level}</span> {a.alert.replaceAll("_", " ")}{a.of && ` (${a.of})`}: {a.text}</li>)}</ul>
        <p><a href={link("alerts")}>All alerts</a></p></section>;
}

export function Alerts() {
    return <Page title="Alerts"><Wait asked={useAlerts()}>{(data) => <>
        <Table name="firing" caption="Firing" rows={data.firing} columns={kColumns} empty={<><h2>Nothing is wrong</h2>
            <p>Budgets, errors, upstreams, gates, prices, losses and the disk are looked at, the last time at {clock(data.looked_unix_us)}. What fires shows here.</p></>} />
        {data.history.length > 0 && <Table name="alerts" caption="What was" rows={data.history} columns={kEnded} />}
        <Table name="webhooks" caption="Webhooks" rows={data.webhooks} empty={<><h2>Nobody is told</h2><p>Add <code>alerts: webhooks:</code> in the <a href="#/configuration">configuration</a> to have alerts sent elsewhere.</p></>} columns={[
            { key: "name", label: "Webhook", show: (w) => w.name }, { key: "sent", label: "Sent", numeric: true, show: (w) => count(w.sent) },
            { key: "waiting", label: "Waiting", numeric: true, show: (w) => count(w.waiting) }, { key: "lost", label: "Lost", numeric: true, show: (w) => count(w.lost) },
            { key: "problem", label: "Problem", show: (w) => w.problem ?? dash }]} />
    </>}</Wait></Page>;
}
