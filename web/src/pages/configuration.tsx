import { useState } from "preact/hooks";
import { ask, useAction, useApi } from "../api";
import { Page, Said, Wait } from "../parts";
import type { PageProps } from "../types";

interface Problem { line: number | null; message: string }

export function Configuration({ may }: PageProps) {
    const asked = useApi<{ text: string; file?: string; digest: string }>("/api/config");
    const [edited, setEdited] = useState<string | null>(null);  // null: as the file is
    const text = edited ?? asked.data?.text ?? "";
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
        <textarea id="config-text" spellcheck={false} readOnly={!may} value={text} onInput={(e) => setEdited(e.currentTarget.value)} aria-describedby="config-problems" />
        <ul id="config-problems" aria-live="polite">{problems.map((p, i) => <li key={i} class="bad">{p.line ? <button class="quiet" onClick={() => go(p.line!)}>line {p.line}</button> : null} {p.message}</li>)}</ul>
        {may && <p class="tools">
            <button class="quiet" disabled={busy} onClick={() => act(async () => ((await check()).length ? "It can\u2019t be used as it stands." : "No problems."))}>Check</button>
            <button disabled={busy || text === data.text} onClick={() => act(async () => {
                if ((await check()).length) throw new Error("It can\u2019t be used as it stands; nothing was changed.");
                const { kept } = await ask<{ kept: string[] }>("/api/config/apply", { text, digest: data.digest });
                asked.retry();
                return "Written and in force." + (kept?.length ? ` After a restart only: ${kept.join(", ")}.` : "");
            })}>Apply</button>
            <button class="quiet" disabled={text === data.text} onClick={() => { setEdited(null); setProblems([]); }}>Undo</button></p>}
        <Said said={said} failed={failed} />
    </section>}</Wait></Page>;
}
