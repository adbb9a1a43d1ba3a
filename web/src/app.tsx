// The frame: who is there, where they are, the keys they may press.
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, ask, setCsrf, setSignedOut, type Session } from "./api";
import { link, useRoute } from "./router";
import { Page } from "./parts";
import { applyTheme, theme, type Theme } from "./theme";
import { Overview } from "./pages/overview";
import { Tasks } from "./pages/tasks";
import { Live } from "./pages/live";
import { Requests } from "./pages/requests";
import { Cache } from "./pages/cache";
import { Students } from "./pages/students";
import { Keys } from "./pages/keys";
import { WhatIf } from "./pages/whatif";
import { Configuration } from "./pages/configuration";
import { Alerts } from "./pages/alerts";
import { Audit } from "./pages/audit";

const kPages = [
    ["overview", "Overview", "o", Overview], ["alerts", "Alerts", "x", Alerts], ["tasks", "Tasks", "t", Tasks], ["live", "Live", "l", Live], ["requests", "Requests", "r", Requests],
    ["cache", "Cache", "c", Cache], ["students", "Students", "s", Students], ["keys", "Budgets and keys", "b", Keys],
    ["what-if", "What if", "w", WhatIf], ["configuration", "Configuration", "f", Configuration], ["audit", "Audit log", "a", Audit],
] as const;

function SignIn({ done, problem }: { done: (session: Session) => void; problem: string }) {
    const [token, setToken] = useState("");
    const [said, setSaid] = useState(problem);
    const send = async (event: Event) => {
        event.preventDefault();
        try { done(await ask<Session>("/api/session", { token })); } catch (error) { setSaid((error as Error).message); }
    };
    return <main class="login"><div class="card">
        <h1>Weir</h1>
        <form onSubmit={send} class="card">
            <label class="field">Admin token<input type="password" autocomplete="current-password" required value={token} onInput={(e) => setToken(e.currentTarget.value)} /></label>
            <button>Sign in</button>
        </form>
        <p class="note">One of the tokens below <code>admin_access:</code> in the configuration.</p>
        <p role="alert" class="bad">{said}</p>
    </div></main>;
}

function Shortcuts({ close }: { close: () => void }) {
    const box = useRef<HTMLDialogElement>(null);
    useEffect(() => { box.current?.showModal(); }, []);
    return <dialog ref={box} onClose={close} aria-labelledby="keys-title">
        <h2 id="keys-title">Keys</h2>
        <dl class="facts">
            <div><dt><kbd>/</kbd></dt><dd>search in this page</dd></div>
            <div><dt><kbd>{"\u2191 \u2193"}</kbd> <kbd>Enter</kbd></dt><dd>go through a list, open</dd></div>
            <div><dt><kbd>?</kbd></dt><dd>this list</dd></div>
            {kPages.map(([page, name, key]) => <div key={page}><dt><kbd>g</kbd> <kbd>{key}</kbd></dt><dd>{name}</dd></div>)}
        </dl>
        <form method="dialog"><button>Close</button></form>
    </dialog>;
}

function useKeys(): [boolean, () => void] {
    const [help, setHelp] = useState(false);
    useEffect(() => {
        let last = "";
        const pressed = (event: KeyboardEvent) => {
            const on = event.target as HTMLElement;
            if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(on.tagName)) return;
            if (event.key === "?") setHelp(true);
            const search = document.querySelector<HTMLInputElement>("main input[type=search]");
            if (event.key === "/" && search) { event.preventDefault(); search.focus(); }
            const page = last === "g" ? kPages.find(([, , key]) => key === event.key) : undefined;
            if (page) location.hash = link(page[0]);
            last = event.key;
        };
        addEventListener("keydown", pressed);
        return () => removeEventListener("keydown", pressed);
    }, []);
    return [help, () => setHelp(false)];
}

export function App() {
    const route = useRoute();
    const [session, setSession] = useState<Session | null | undefined>();
    const [problem, setProblem] = useState("");
    const [colours, setColours] = useState<Theme>(theme());
    const [open, setOpen] = useState(false);
    const [help, closeHelp] = useKeys();
    const enter = (now: Session) => { setCsrf(now.csrf); setProblem(""); setSession(now); };
    const start = () => {
        setProblem("");
        ask<Session>("/api/session").then(enter, (error: ApiError) => {
            if (error.status === 401) setSession(null); else setProblem(error.message);
        });
    };
    useEffect(() => { setSignedOut((why) => { setProblem(`You are signed out: ${why}.`); setSession(null); }); start(); }, []);
    const seen = useRef(false);
    useEffect(() => {  // a reader of the screen is told of the new page; not at the first
        setOpen(false);
        if (seen.current) document.querySelector<HTMLElement>("main h1")?.focus();
        seen.current = true;
    }, [route.page, route.rest]);

    if (session === null) return <SignIn done={enter} problem={problem} />;
    const found = kPages.find(([page]) => page === route.page);
    const Body = found?.[3];
    const role = session?.role ?? "view";
    return <>
        <a class="skip" href="#main" onClick={(e) => { e.preventDefault(); document.getElementById("main")?.focus(); }}>Skip to the content</a>
        <div class="shell">
            <header class={open ? "side" : "side closed"}>
                <div class="brand"><img src="/icon.svg" alt="" />Weir
                    <button class="quiet menu" aria-expanded={open} onClick={() => setOpen(!open)}>Menu</button></div>
                <nav aria-label="Pages"><ul>{kPages.map(([page, name]) =>
                    <li key={page}><a href={link(page)} aria-current={page === route.page ? "page" : undefined}>{name}</a></li>)}</ul></nav>
                <div class="foot">
                    <label class="field">Colours<select value={colours} onChange={(e) => { const to = e.currentTarget.value as Theme; setColours(to); applyTheme(to); }}>
                        <option value="system">as the system</option><option value="light">light</option><option value="dark">dark</option></select></label>
                    {session && <span>{session.who}, {session.role}</span>}
                    {session && !session.open && <button class="quiet" onClick={() => { void ask("/api/session/end", {}).finally(() => { setProblem(""); setSession(null); }); }}>Sign out</button>}
                    <span><kbd>?</kbd> shows the keys</span>
                    {session?.version && <span>Weir {session.version}</span>}
                </div>
            </header>
            <main id="main" tabIndex={-1}>
                {problem && <div class="problem" role="alert"><p>{problem}</p><button onClick={start}>Try again</button></div>}
                {Body ? <Body route={route} may={role === "operate"} /> : <Page title="No such page"><p><a href="#/overview">To the overview</a></p></Page>}
            </main>
        </div>
        {help && <Shortcuts close={closeHelp} />}
    </>;
}
