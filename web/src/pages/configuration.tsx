import { useState } from "preact/hooks";
import { ask, useAction, useApi } from "../api";
import { NotWritable, Page, Said, Wait } from "../parts";
import type { ConfigFile, PageProps } from "../types";

interface Problem { line: number | null; message: string }

// What is edited and not yet applied, and of which file: kept while other pages are looked at or somebody signs in again.
let draft: { text: string; digest: string } | null = null;
// A tab that is closed asks first. Another page of the dashboard loses nothing.
addEventListener("beforeunload", (event) => { if (draft) event.preventDefault(); });

export function Configuration({ may }: PageProps) {
    const asked = useApi<ConfigFile>("/api/config");
    const [edited, setEdited] = useState(draft);  // null: as the file is
    const edit = (to: typeof draft) => { draft = to; setEdited(to); };
    const text = edited?.text ?? asked.data?.text ?? "";
    const [problems, setProblems] = useState<Problem[]>([]);
    const { busy, said, failed, act } = useAction();
    const check = async () => { const { errors, warnings } = await ask<{ errors: Problem[]; warnings: Problem[] }>("/api/config/check", { text }); setProblems([...errors, ...warnings]); return errors; };
    const go = (line: number) => {
        const area = document.querySelector<HTMLTextAreaElement>("#config-text")!;
        const from = text.split("\n").slice(0, line - 1).reduce((n, l) => n + l.length + 1, 0);
        area.focus();
        area.setSelectionRange(from, from + (text.split("\n")[line - 1]?.length ?? 0));
        area.scrollTop = Math.max(0, (line - 4) * 19);
    };
    return <Page title="Configuration"><Wait asked={asked}>{(data) => <section class="card" aria-label="Configuration file">
        <label class="field" for="config-text">{data.file ?? "weir.yaml"}</label>
        <textarea id="config-text" spellcheck={false} readOnly={!may || busy} value={text} onInput={(e) => { const now = e.currentTarget.value; edit(now === data.text ? null : { text: now, digest: edited?.digest ?? data.digest }); }} aria-describedby="config-problems" />
        <ul id="config-problems" aria-live="polite">{problems.map((p, i) => <li key={i} class="bad">{p.line ? <button class="quiet" onClick={() => go(p.line!)}>line {p.line}</button> : null} {p.message}</li>)}</ul>
        {may && <p class="tools">
            <button class="quiet" disabled={busy} onClick={() => act(async () => ((await check()).length ? "It can\u2019t be used as it stands." : "No problems."))}>Check</button>
            <button disabled={busy || text === data.text || data.writable === false} onClick={() => act(async () => {
                if ((await check()).length) throw new Error("It can\u2019t be used as it stands; nothing was changed.");
                const { kept } = await ask<{ kept: string[] }>("/api/config/apply", { text, digest: edited?.digest ?? data.digest });
                edit(null);
                asked.retry();
                return "Written and in force." + (kept?.length ? ` After a restart only: ${kept.join(", ")}.` : "");
            })}>Apply</button>
            <button class="quiet" disabled={text === data.text} onClick={() => { edit(null); setProblems([]); }}>Undo</button>
            <button class="quiet" disabled={busy} onClick={() => {
                if (edited && !confirm("Read the file again? What was changed here and not applied is lost.")) return;
                edit(null);
                setProblems([]);
                asked.retry();
            }}>Read again</button></p>}
        {may && edited && edited.digest !== data.digest && <p class="bad" role="status">The file has changed since these edits began: read it again, and make them in what it says now.</p>}
        {may && data.writable === false && <NotWritable file={data.file} />}
        <Said said={said} failed={failed} />
    </section>}</Wait></Page>;
}
