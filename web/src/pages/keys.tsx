import { useRef, useState } from "preact/hooks";
import { ask, useAction, useApi } from "../api";
import { clock, count, dash, share, usd } from "../format";
import { expectedText } from "../forecast";
import { Page, Said, Table, Wait } from "../parts";
import type { BudgetForecast, Key, PageProps } from "../types";

interface Budget { name: string; of: string; whose: string; window: string; rolling: boolean; limit_usd: number; spent_usd: number; reserved_usd: number; window_end_unix_us: number; state: string; forecast: BudgetForecast | null }

function NewKey({ made }: { made: () => void }) {
    const [key, setKey] = useState<Key>();
    const { busy, said, failed, act } = useAction();
    const send = (event: Event) => {
        event.preventDefault();
        const form = event.currentTarget as HTMLFormElement;
        const text = (name: string) => String(new FormData(form).get(name) ?? "").trim();
        const wish: Record<string, unknown> = { tenant: text("tenant") };
        if (text("name")) wish.name = text("name");
        if (text("models")) wish.models = text("models").split(/[\s,]+/);
        for (const limit of ["requests_per_minute", "tokens_per_minute", "parallel"]) if (text(limit)) wish[limit] = Number(text(limit));
        if (text("days")) wish.expires_in_s = Math.round(Number(text("days")) * 86400);
        act(async () => { setKey(await ask<Key>("/api/keys", wish)); form.reset(); made(); return "The key was made. It is shown this once."; });
    };
    const text = useRef<HTMLElement>(null);
    const copy = () => act(async () => {
        try {
            await navigator.clipboard.writeText(key!.key!);
        } catch {  // browsers give the clipboard to https and localhost alone
            getSelection()?.selectAllChildren(text.current!);
            throw new Error("The browser lets no page at this address copy: the key is selected, copy it by hand.");
        }
        return "Copied.";
    });
    return <section class="card" aria-label="New key"><h2>New key</h2>
        <form class="form" onSubmit={send}>
            <label class="field">Tenant<input name="tenant" required maxLength={64} /></label>
            <label class="field">Name<input name="name" maxLength={64} /></label>
            <label class="field">Models (globs)<input name="models" placeholder="all" /></label>
            <label class="field">Requests a minute<input name="requests_per_minute" type="number" min="1" placeholder="no limit" /></label>
            <label class="field">Tokens a minute<input name="tokens_per_minute" type="number" min="1" placeholder="no limit" /></label>
            <label class="field">Parallel<input name="parallel" type="number" min="1" placeholder="no limit" /></label>
            <label class="field">Expires in days<input name="days" type="number" min="0.01" step="any" placeholder="never" /></label>
            <button disabled={busy}>Create</button>
        </form>
        <Said said={said} failed={failed} />
        {key?.key && <p class="tools"><code ref={text} class="badge">{key.key}</code>
            <button class="quiet" onClick={copy}>Copy</button>
            <button class="quiet" onClick={() => setKey(undefined)}>I have it</button></p>}
    </section>;
}

export function Keys({ may }: PageProps) {
    const keys = useApi<{ keys: Key[]; configured: number; required?: boolean }>("/api/keys");
    const budgets = useApi<{ budgets: Budget[] }>("/api/budgets", 10_000);
    const { busy, said, failed, act } = useAction();
    const revoke = (key: Key) => {
        if (confirm(`Revoke ${key.begins} of ${key.tenant} for good?`)) act(async () => { await ask(`/api/keys/${key.id}/revoke`, {}); keys.retry(); return `${key.begins} is revoked.`; });
    };
    return <Page title="Budgets and keys">
        <Wait asked={budgets}>{(data) => <Table name="budgets" caption="Budgets" rows={data.budgets} empty={<><h2>No budgets</h2><p>Add <code>budgets:</code> in the <a href="#/configuration">configuration</a> to bound what a tenant, a key or everything may spend.</p></>} columns={[
            { key: "name", label: "Budget", show: (b) => b.name }, { key: "of", label: "Of", value: (b) => `${b.of} ${b.whose}`.trim(), show: (b) => `${b.of} ${b.whose}`.trim() }, { key: "window", label: "Window", show: (b) => (b.rolling ? `last ${b.window}` : b.window) },
            { key: "spent_usd", label: "Spent", numeric: true, show: (b) => usd(b.spent_usd) }, { key: "reserved_usd", label: "Reserved", numeric: true, show: (b) => usd(b.reserved_usd) },
            { key: "limit_usd", label: "Limit", numeric: true, show: (b) => usd(b.limit_usd) },
            { key: "used", label: "Used", numeric: true, value: (b) => b.spent_usd / b.limit_usd, show: (b) => <><meter min={0} max={1} high={.8} value={b.spent_usd / b.limit_usd} aria-label={`${b.name}: used`} /> {share(b.spent_usd / b.limit_usd, 0)}</> },
            { key: "expected_usd", label: "Expected at its end", numeric: true, value: (b) => b.forecast?.expected_usd, show: (b) => (b.forecast ? expectedText(b.forecast) : dash) },
            { key: "reaches_limit_unix_us", label: "Reached at about", value: (b) => b.forecast?.reaches_limit_unix_us, show: (b) => clock(b.forecast?.reaches_limit_unix_us) },
            { key: "window_end_unix_us", label: "Ends", show: (b) => (b.rolling ? dash : clock(b.window_end_unix_us)) }]} />}</Wait>
        {may && <NewKey made={keys.retry} />}
        <Said said={said} failed={failed} />
        <Wait asked={keys}>{(data) => <>
            <Table name="keys" caption="Keys" rows={data.keys} empty={<><h2>No keys were made here</h2><p>{data.configured ? `${data.configured} stand in the configuration.` : data.required ? "Nobody may call without one: require_key is set." : "Everybody who reaches Weir may call. The first key ends that."}</p></>} columns={[
                { key: "begins", label: "Key", show: (k) => <code>{k.begins}</code> }, { key: "tenant", label: "Tenant", show: (k) => k.tenant }, { key: "name", label: "Name", show: (k) => k.name },
                { key: "state", label: "State", show: (k) => <span class={`badge ${k.state}`}>{k.state}</span> }, { key: "models", label: "Models", value: (k) => k.models.join(" "), show: (k) => k.models.join(", ") || "all" },
                { key: "requests_per_minute", label: "Requests/min", numeric: true, show: (k) => count(k.requests_per_minute) }, { key: "tokens_per_minute", label: "Tokens/min", numeric: true, show: (k) => count(k.tokens_per_minute) },
                { key: "parallel", label: "Parallel", numeric: true, show: (k) => count(k.parallel) }, { key: "expires_unix_us", label: "Expires", show: (k) => k.expires_unix_us ? clock(k.expires_unix_us) : dash },
                ...(may ? [{ key: "revoke", label: "By hand", value: () => "", show: (k: Key) => k.state === "active" ? <button class="danger quiet" disabled={busy} aria-label={`Revoke ${k.begins}`} onClick={() => revoke(k)}>Revoke</button> : "" }] : [])]} />
            {data.configured > 0 && <p class="note">{data.configured} more stand in the configuration.</p>}</>}</Wait>
    </Page>;
}
