// What the admin address is asked (docs/admin-api.md). Errors carry the server's own sentence.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

export class ApiError extends Error {
    constructor(readonly status: number, message: string) { super(message); }
}

export interface Session { who: string; role: "view" | "operate" | "feedback"; csrf: string | null; open: boolean; version?: string }

let csrf: string | null = null;
let onSignedOut = (_why: string) => {};
export const setCsrf = (token: string | null) => { csrf = token; };
export const setSignedOut = (then: (why: string) => void) => { onSignedOut = then; };

export async function ask<T>(path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
    const headers: Record<string, string> = {};
    if (body !== undefined) headers["content-type"] = "application/json";
    if (body !== undefined && csrf) headers["x-weir-csrf"] = csrf;
    let answer: Response;
    try {
        answer = await fetch(path, {
            method: body === undefined ? "GET" : "POST", headers, signal: signal ?? null, credentials: "same-origin",
            body: body === undefined ? null : JSON.stringify(body),
        });
    } catch (error) {
        if (signal?.aborted) throw error;
        throw new ApiError(0, "Weir can\u2019t be reached at this address. Is it running?");
    }
    const text = await answer.text();
    let value: unknown = null;
    try { value = text ? JSON.parse(text) : {}; } catch { /* told below */ }
    if (!answer.ok) {
        const said = (value as { error?: { message?: string } } | null)?.error?.message;
        const message = said ?? `The answer was HTTP ${answer.status}.`;
        if (answer.status === 401 && path !== "/api/session") onSignedOut(message);
        throw new ApiError(answer.status, message);
    }
    if (value === null) throw new ApiError(answer.status, "The answer is no JSON.");
    return value as T;
}

export interface Asked<T> { data: T | undefined; error: ApiError | undefined; loading: boolean; slow: boolean; retry: () => void }

const kSlowMs = 1500;

// Asks at once and, where `everyMs` is given, again and again while the page is visible. Old data stays while new is awaited.
export function useApi<T>(path: string | null, everyMs = 0): Asked<T> {
    const [state, setState] = useState<{ path: string | null; data?: T; error?: ApiError; loading: boolean; slow: boolean }>(
        { path, loading: path !== null, slow: false });
    const [turn, setTurn] = useState(0);
    useEffect(() => {
        if (path === null) return setState({ path, loading: false, slow: false });
        const abort = new AbortController();
        let timer = 0;
        const slow = setTimeout(() => setState((old) => ({ ...old, slow: old.loading })), kSlowMs);
        setState((old) => (old.path === path ? { ...old, loading: true } : { path, loading: true, slow: false }));
        let asking = false;
        const run = async () => {
            if (asking) return;
            asking = true;
            clearTimeout(timer);
            if (!document.hidden || !everyMs) {
                try {
                    const data = await ask<T>(path, undefined, abort.signal);
                    if (!abort.signal.aborted) setState({ path, data, loading: false, slow: false });
                } catch (error) {
                    if (abort.signal.aborted) return;
                    setState((old) => ({ ...old, error: error as ApiError, loading: false, slow: false }));
                }
            }
            asking = false;
            if (everyMs && !abort.signal.aborted) timer = setTimeout(run, everyMs);
        };
        const seen = () => { if (everyMs && !document.hidden) void run(); };  // what was not asked while nobody looked
        document.addEventListener("visibilitychange", seen);
        void run();
        return () => { document.removeEventListener("visibilitychange", seen); abort.abort(); clearTimeout(slow); clearTimeout(timer); };
    }, [path, everyMs, turn]);
    const retry = useCallback(() => setTurn((n) => n + 1), []);
    const mine = state.path === path;
    return { data: mine ? state.data : undefined, error: mine ? state.error : undefined, loading: !mine || state.loading, slow: state.slow, retry };
}

// A change by hand: what is under way, and what came of it, for an aria-live line.
export function useAction(): { busy: boolean; said: string; failed: boolean; act: (work: () => Promise<string>) => void } {
    const [state, setState] = useState({ busy: false, said: "", failed: false });
    const alive = useRef(true);
    useEffect(() => () => { alive.current = false; }, []);
    const act = (work: () => Promise<string>) => {
        setState({ busy: true, said: "", failed: false });
        work().then((said) => alive.current && setState({ busy: false, said, failed: false }),
            (error: Error) => alive.current && setState({ busy: false, said: error.message, failed: true }));
    };
    return { ...state, act };
}
