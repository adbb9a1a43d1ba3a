// Addresses: "#/requests?tier=exact". The hash alone, so that the server knows one page.
import { useEffect, useState } from "preact/hooks";

export interface Route { page: string; rest: string; query: URLSearchParams }

export function parseHash(hash: string): Route {
    const text = hash.replace(/^#\/?/, "");
    const mark = text.indexOf("?");
    const path = mark < 0 ? text : text.slice(0, mark);
    const slash = path.indexOf("/");
    const page = slash < 0 ? path : path.slice(0, slash);
    let rest = slash < 0 ? "" : path.slice(slash + 1);
    try { rest = decodeURIComponent(rest); } catch { /* stays as it was typed */ }
    return { page: page || "overview", rest, query: new URLSearchParams(mark < 0 ? "" : text.slice(mark + 1)) };
}

export type Values = Record<string, string | number | null | undefined>;

export function link(page: string, values: Values = {}): string {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(values)) if (value !== null && value !== undefined && value !== "") query.set(name, String(value));
    const text = query.toString();
    return `#/${page}${text ? `?${text}` : ""}`;
}

// The range that a page is about, as the API has it: back from now, or from one moment to another.
export function rangeValues(route: Route): Values {
    const from = route.query.get("since_unix_us"), to = route.query.get("until_unix_us");
    return from && to ? { since_unix_us: from, until_unix_us: to } : { since: route.query.get("since") ?? "24h" };
}

export function queryOf(values: Values): string {
    return link("", values).replace(/^[^?]*\??/, "");
}

export function useRoute(): Route {
    const [hash, setHash] = useState(location.hash);
    useEffect(() => {
        const changed = () => setHash(location.hash);
        addEventListener("hashchange", changed);
        return () => removeEventListener("hashchange", changed);
    }, []);
    return parseHash(hash);
}

// The same page with other values in its query; no new entry in the history.
export function setQuery(route: Route, values: Values): void {
    const all: Values = { ...Object.fromEntries(route.query), ...values };
    const path = route.rest ? `${route.page}/${encodeURIComponent(route.rest)}` : route.page;
    history.replaceState(null, "", link(path, all));
    dispatchEvent(new HashChangeEvent("hashchange"));
}
