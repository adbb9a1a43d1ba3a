// A gateway's admin address, made up, the same every time (docs/admin-api.md). start({variant}): full, empty, slow, error, token, view, fixed (the configuration can't be written).
import { createServer } from "node:http";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const kNow = 1_780_000_000_000_000;
const kTypes = { html: "text/html; charset=utf-8", js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8", svg: "image/svg+xml" };
const kCsp = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const kTiers = ["exact", "semantic", "student", "model", "reference"];
const hex = (n) => n.toString(16).padStart(16, "0");
const wave = (i, of) => 0.5 + 0.5 * Math.sin((i / of) * 6.28);

function sums(requests, share) {
    const counterfactual_usd = requests * 0.0021;
    return { requests, errors: Math.floor(requests / 400), unpriced: 0, input_tokens: requests * 900, input_cached_tokens: requests * 100, output_tokens: requests * 140,
        cost_usd: +(counterfactual_usd * share).toFixed(6), counterfactual_usd, saved_usd: +(counterfactual_usd * (1 - share)).toFixed(6), latency_mean_us: 240_000 + Math.round(400_000 * share), latency_p50_us: 200_000, latency_p95_us: 900_000, latency_p99_us: 1_500_000 };
}

function overview(empty) {
    const step = 3600e6, series = [];
    for (let i = 0; i < 24; ++i) {
        const n = empty ? 0 : Math.round(400 + 900 * wave(i - 6, 24));
        series.push({ at_unix_us: kNow - (24 - i) * step, ...sums(n, 0.7 - 0.015 * i), by_tier: { exact: Math.round(n * 0.2), semantic: Math.round(n * 0.08), student: Math.round(n * (0.01 * i)), model: Math.round(n * 0.25), reference: Math.round(n * (0.45 - 0.01 * i)), nobody: Math.round(n * 0.01) } });
    }
    const all = series.reduce((n, p) => n + p.requests, 0);
    const own = { audit: sums(empty ? 0 : 160, 1), refresh: sums(0, 1), judge: sums(empty ? 0 : 90, 0.1), trial: sums(0, 1) };
    for (const each of Object.values(own)) Object.assign(each, { requests: 0, errors: 0, counterfactual_usd: 0, saved_usd: -each.cost_usd, latency_mean_us: null });
    const by_tier = empty ? {} : Object.fromEntries([...kTiers, "nobody"].map((tier, i) => [tier, sums(Math.round(all * [0.2, 0.08, 0.12, 0.25, 0.34, 0.01][i]), i < 3 ? 0 : i === 3 ? 0.1 : 1)]));
    const total = sums(all, 0);
    for (const name of ["cost_usd", "counterfactual_usd", "saved_usd"]) total[name] = [...Object.values(by_tier), ...Object.values(own)].reduce((sum, each) => sum + each[name], 0);
    return { since_unix_us: kNow - 24 * step, until_unix_us: kNow, step_us: step, total, by_tier, own, series };
}

const kNames = ["ticket labels", "invoice fields", "support answers", "SQL from questions", "summaries of calls", "translation to German", "product search"];
const modes = new Map();
function task(i) {
    const requests = Math.max(3, Math.round(90_000 / (i + 1)));
    const state = ["serving", "shadow", "new", "reference"][i % 4];
    return { task: hex(i + 1), name: `${kNames[i % 7]} ${i}`, tenant: i % 3 ? "acme" : "default", cascade: "default", reference: "openai/gpt-4o", mode: modes.get(i) ?? "serve", mode_of_cascade: "serve", mode_of_task: modes.get(i) ?? null, state, certified: state === "serving", promise: 0.02, confidence: 0.95,
        ...(state === "new" ? { disagreement: null, disagreement_low: null, disagreement_high: null } : { disagreement: 0.008, disagreement_low: 0.003, disagreement_high: 0.019 }), audits: Math.round(requests / 20), trials: 300, ...(({ cost_usd, counterfactual_usd, saved_usd }) => ({ cost_usd, counterfactual_usd, saved_usd }))(sums(requests, 0.5)),
        requests, errors: Math.floor(requests / 400), by_tier: { exact: Math.round(requests * 0.3), reference: Math.round(requests * 0.7) }, student: i % 4 === 0 ? "6a6dad0d17363068" : null };
}

const tiers = () => [{ tier: "student", in_ladder: true, compared: graded, audited: graded }, { tier: "openai/gpt-4o-mini", in_ladder: false, compared: { ...graded, answers: 0 }, audited: { ...graded, answers: 0 } }];

function row(i) {
    const tier = kTiers[i % 5];
    return { id: hex(0xabc000 + i), started_unix_us: kNow - i * 1_700_000, latency_us: 900 + (i % 5) * 180_000, overhead_us: 41, status: i % 40 === 39 ? 502 : 200, purpose: "request", mode: "serve", stream: i % 2 === 0, complete: true,
        tenant: "acme", cascade: "default", reference: "openai/gpt-4o", model: i % 5 < 3 ? "" : ["openai/gpt-4o-mini", "openai/gpt-4o"][i % 5 - 3], task: hex((i % 9) + 1), task_name: `${kNames[i % 7]} ${i % 9}`, class: "simple", tier: i % 40 === 39 ? null : tier, would_have: null,
        cost_usd: i % 5 < 3 ? 0 : 0.00042, counterfactual_usd: 0.0021, saved_usd: i % 5 < 3 ? 0.0021 : 0.00168, estimated: false,
        attempts: i % 5 < 3 ? [] : [{ tier: "model", outcome: "served", model: "openai/gpt-4o-mini", status: 200, input_uncached_tokens: 812, input_cached_tokens: 0, output_tokens: 44, cost_usd: 0.00042, latency_us: 410_000, mean_logprob: -0.04 }],
        trace: [{ tier: "exact", verdict: "declined", said: "miss", latency_us: 9 }, { tier: "semantic", verdict: "refused", said: "number 15 against 50", score: 0.93, latency_us: 240 }, { tier: "student", verdict: "refused", said: "sure, risk 0.031 > 0.02", score: 0.71, cost_usd: 0 }, { tier: "openai/gpt-4o-mini", verdict: "served", said: "log-prob", score: -0.04, needed: -0.1, cost_usd: 0.00042, latency_us: 410_000 }] };
}

const graded = { answers: 171, differ: 2, share: 0.0117, share_low: 0.0014, share_high: 0.0416 };
const student = { student: "6a6dad0d17363068", tenant: "default", cascade: "default", reference: "openai/gpt-4o", task: hex(1), state: "serving", state_since_unix_us: kNow - 9e9, why: "its gate is open: of all answers at most 0.849 % differ, 7.09 % may at present", kind: "labels", examples: 171, examples_kept: 190, examples_wanted: 214, trained_unix_us: kNow - 9.9e9, bytes: 18_432, features: 900, demoted_by_hand: false, rolled_back: false, can_roll_back: true, disagreement: graded, audits: graded,
    gate: { course: "default disagreement student > openai/gpt-4o", task: "serving", in_plan: true, share: 1, trials: 2506, promise: 0.05, held_to: 0.05, confidence: 0.95, certified: true, worse_at_most: 0.00849, allowed_now: 0.0709 }, reference_repeats: { says: "the reference agrees with itself on 96 % of 120 repeats" } };
const version = (i) => { const answers = 60 + 40 * i, share = 0.14 / (i + 1); return { trained_unix_us: kNow - (9 - i) * 9e9, examples: Math.round(40 * 1.15 ** i), bytes: 9000 + 1500 * i, compared: { answers, differ: Math.round(answers * share), share, share_low: share / 2, share_high: Math.min(1, share * 1.8) }, audited: { ...graded, answers: i > 4 ? 20 : 0 } }; };
const entry = (i) => ({ key: i.toString(16).padStart(64, "0"), question: i % 3 ? "What is the capital of France, and how many people live there?" : "Which plan includes audit logs?", tenant: i % 2 ? "acme" : "default", task: hex((i % 9) + 1), model: "openai/gpt-4o", class: ["timeless", "slow", "volatile", "personal"][i % 4], created_unix_us: kNow - 5e9 * (i + 1), fresh_until_unix_us: i % 4 ? kNow + 5e10 : null,
    state: ["fresh", "stale", "expired", "purged"][i % 4], why: ["served, by the rules of cascade default", "past its time: served once more while it is refreshed, by the rules of cascade default", "too old: asked of the reference again, by the rules of cascade default", "purged: never served again"][i % 4], hits: i % 5 ? 41 - i : null, bytes: 2211 + i, in_memory: i % 5 > 0, semantic: i % 2 === 0, cost_usd: 0.0021, tags: i % 3 ? [] : ["faq"], sources: i % 3 ? [] : ["handbook@v3"], writer: null });
const decision = (i) => ({ unix_us: kNow - i * 6e8, decision: ["certified", "promoted", "planned", "lost"][i % 4], course: "default", task: hex(1), state: "serving", ladder: "student, small", promise: 0.02, confidence: 0.95, trials: 2506 - i, known: 700, allowed_now: 0.03, worse_seen: 4, worse_at_most: 0.0085 });
const key = (i) => ({ id: `0123456789a${i}`, begins: `wk-Ab12Cd3${i}...`, tenant: "acme", name: `ci ${i}`, state: i === 2 ? "revoked" : "active", models: ["gpt-4o*"], requests_per_minute: 600, tokens_per_minute: null, parallel: 8, created_unix_us: kNow - 1e12, expires_unix_us: null, revoked_unix_us: null });
const replayed = { reference: "openai/gpt-4o", cascade: "default", requests: 4000, unpriced: 0, baseline_usd: 40, was: { usd: 21, saved: 0.475, worse: 0.008, mean_ms: 900 }, usd: 17, usd_low: 16.1, usd_high: 17.8, saved: 0.575, saved_low: 0.55, saved_high: 0.6, worse: 0.009, worse_low: 0.004, worse_high: 0.016, saved_last_third: null, worse_last_third: null, mean_ms: null, proof_usd: 0.4, served: { small: 0.5 }, trials: 300, certified: true, worse_at_most: 0.016, cant_tell: ["openai/o9 was never tried: about 300 audits would tell"] };

const alert = (i) => ({ id: hex(i), alert: ["errors", "budget_near", "upstream_down"][i % 3], of: ["", "teams/acme", "openai at api.openai.com/v1"][i % 3], state: "firing", level: ["critical", "warning", "critical"][i % 3], since_unix_us: kNow - i * 1e10, ended_unix_us: null, text: ["9 of 40 requests (22.5 %) of the last 300 s ended with 5xx", "81 % of 50.00 USD (day) is spent", "it failed again and again and is left out for a while"][i % 3] });
function forecast(empty) {
    const day = 86_400e6, first = kNow - 9.5 * day, basis = empty ? "too little history" : "weekly profile";
    const at = (d) => ({ expected_usd: 20 * d, low_usd: 20 * d - 3 * Math.sqrt(Math.max(0, d - 9.5)), high_usd: 20 * d + 4 * Math.sqrt(Math.max(0, d - 9.5)) });
    const none = { expected_usd: null, low_usd: null, high_usd: null };
    return { now_unix_us: kNow, interval: 0.8, complete: true, time_zone: "UTC",
        windows: [["day", 10], ["week", 14], ["month", 30]].map(([window, end]) => ({ window, tenant: null, start_unix_us: first, end_unix_us: first + end * day, spent_usd: 190, ...at(end), basis })),
        budgets: [],
        month: [...Array.from({ length: 31 }, (_, d) => d), 9.5].sort((a, b) => a - b).map((d) => ({ at_unix_us: first + d * day, spent_usd: d <= 9.5 ? 20 * d : null, ...(d >= 9.5 ? at(d) : none) })) };
}

export async function start({ dist, variant = "full", tasks = 10_000 }) {
    const empty = variant === "empty";
    const files = new Map(readdirSync(dist, { recursive: true }).map(String).filter((f) => /\.\w+$/.test(f)).map((f) => ["/" + f, readFileSync(join(dist, f))]));
    files.set("/", files.get("/index.html"));
    const asked = [], purged = new Set();
    modes.clear();
    let signedIn = variant !== "token", config = "listen: 127.0.0.1:8080\nadmin: 127.0.0.1:8081\n", settled = empty ? 0 : 40;
    const answers = (url, method, body, headers) => {
        const path = url.pathname, q = url.searchParams;
        if (path === "/api/session" && method === "POST") return body.token === "good" ? (signedIn = true, { who: "ops", role: "operate", csrf: "c5f", open: false }) : [401, "no such token"];
        if (!signedIn) return [401, "sign in first"];
        if (method === "POST" && variant === "token" && headers["x-weir-csrf"] !== "c5f") return [403, "x-weir-csrf is missing"];
        if (path === "/api/session") return { who: "local", role: variant === "view" ? "view" : "operate", csrf: null, open: true, version: "0.1.0" };
        if (path === "/api/session/end") { signedIn = false; return {}; }
        if (variant === "error") return [503, "the ledger is busy; try again in a moment"];
        if (path === "/api/overview") return overview(empty);
        if (path === "/api/tasks") {
            if (q.get("task")) return empty ? { tasks: [], total: 0 } : { tasks: [{ ...task(parseInt(q.get("task"), 16) - 1), tiers: tiers() }], total: 1 };
            const words = q.get("search") ?? "", list = [];
            if (!empty) for (let i = 0; i < tasks; ++i) if (!words || `${kNames[i % 7]} ${i}`.includes(words)) list.push(i);
            const from = +(q.get("offset") ?? 0);
            return { tasks: list.slice(from, from + +(q.get("most") ?? 50)).map(task), total: list.length };
        }
        if (/^\/api\/tasks\/[0-9a-f]{16}\/mode$/.test(path)) {
            const i = parseInt(path.split("/")[3], 16) - 1;
            if (body.mode) modes.set(i, body.mode); else modes.delete(i);
            return { task: hex(i + 1), cascade: body.cascade, mode: body.mode };
        }
        if (path === "/api/requests/live") {
            const after = +q.get("after"), list = [];
            for (let i = Math.max(after, settled - 40); i < settled; ++i) list.push(row(settled - i));
            return { next: settled, missed: 0, requests: list };
        }
        if (path.startsWith("/api/requests/")) return empty ? [404, "no request of that id is in the ledger"] : row(3);
        if (path === "/api/requests") {
            const most = +(q.get("most") ?? 50), from = +(q.get("before") ?? 0), rows = empty ? 0 : 450;
            return { requests: Array.from({ length: Math.min(most, rows - from) }, (_, i) => row(from + i)), next: from + most < rows ? String(from + most) : null };
        }
        if (path === "/api/cascades/log") return { decisions: empty ? [] : Array.from({ length: 12 }, (_, i) => decision(i)) };
        if (path === "/api/students") return { students: empty ? [] : [student] };
        if (/^\/api\/students\/\w+\/curve$/.test(path)) return { student: student.student, course: student.gate.course, promise: 0.05, versions: Array.from({ length: 9 }, (_, i) => version(i)) };
        if (/^\/api\/students\/\w+\/(promote|demote|rollback)$/.test(path)) return { student: "6a6dad0d17363068", action: "demote", said: "it is out of service" };
        if (path === "/api/keys" && method === "POST") return { ...key(1), key: "wk-0123456789abcdef0123456789abcdef" };
        if (path === "/api/keys") return { keys: empty ? [] : [key(1), key(2)], configured: empty ? 0 : 1, required: false };
        if (/^\/api\/keys\/\w+\/revoke$/.test(path)) return key(2);
        if (path === "/api/budgets") return { budgets: empty ? [] : [{ name: "acme month", of: "tenant", whose: "acme", window: "month", rolling: false, limit_usd: 250, spent_usd: 181.2, reserved_usd: 0.4, window_end_unix_us: kNow + 6e11, state: "open", forecast: { end_unix_us: kNow + 6e11, expected_usd: 300, low_usd: 280, high_usd: 330, basis: "weekly profile", chance_over: 0.97, reaches_limit_unix_us: kNow + 3e11 } },
            { name: "new", of: "all", whose: "", window: "day", rolling: false, limit_usd: 5, spent_usd: 0, reserved_usd: 0, window_end_unix_us: kNow + 6e10, state: "open", forecast: null }] };
        if (path === "/api/forecast") return forecast(empty);
        if (path === "/api/alerts") return { looked_unix_us: kNow, firing: empty ? [] : [alert(1), alert(2)], history: empty ? [] : [{ ...alert(3), state: "resolved", ended_unix_us: kNow - 5e9 }], webhooks: empty ? [] : [{ name: "ops", waiting: 1, sent: 41, lost: 0, problem: "status 503" }] };
        if (path === "/api/cache") return { since_unix_us: kNow - 864e8, until_unix_us: kNow, requests: empty ? 0 : 21_000, purges: 2, exact: { entries: empty ? 0 : 41_233, bytes: empty ? 0 : 90e6, disk_entries: empty ? 0 : 60_100, disk_bytes: empty ? 0 : 190e6, memory_hits: 4000, disk_hits: 200, misses: 16_000, evicted: 0, served: empty ? 0 : 4200, share: empty ? null : 0.2 },
            semantic: empty ? null : { entries: 12_010, bytes: 31e6, partitions: 40, evicted: 0, served: 1680, share: 0.08 } };
        if (path === "/api/cache/entries") {
            if (variant === "view") return [403, "the role view may not"];
            const words = (q.get("search") ?? "").toLowerCase().split(/\s+/).filter(Boolean);
            const list = Array.from({ length: 60 }, (_, i) => entry(i)).filter((e) => !purged.has(e.key) && words.every((w) => e.question.toLowerCase().includes(w)) && (!q.get("task") || e.task === q.get("task")) && (!q.get("tenant") || e.tenant === q.get("tenant")));
            return { entries: empty ? [] : list, looked_at: empty ? 0 : 60, more: !empty && !words.length };
        }
        if (path === "/api/cache/purge" && body.key) purged.add(body.key);
        if (path === "/api/cache/purge") return { purged: body, created_until_unix_us: kNow };
        if (path === "/api/config/check") return { ok: true, warnings: [], kept: [], errors: body.text.includes("bad") ? [{ line: 3, message: "unknown key 'bad'" }] : [] };
        if (path === "/api/config/apply" && body.digest !== "d1") return [400, "the file has changed since it was read here: read it again"];
        if (path === "/api/config/apply") { config = body.text; return { ok: true, errors: [], warnings: [], kept: [] }; }
        if (path === "/api/config") return { text: config, file: "weir.yaml", digest: "d1", writable: variant !== "fixed" };
        if (path === "/api/what-if") return body.promise?.share > 0 ? { job: 1 } : [400, "'promise' needs a 'share', such as 0.02"];
        if (path === "/api/what-if/1") return { state: "done", result: { data: "data", lines: [replayed] }, text: config + "# promise 3 %\n" };
        if (path === "/api/audit") return { changes: empty ? [] : [{ at_unix_us: kNow - 5e6, who: "ops", role: "operate", from: "127.0.0.1", method: "POST", path: "/api/keys", status: 200, after: { tenant: "acme" } }] };
        return [404, "no such path"];
    };
    const server = createServer(async (request, response) => {
        const url = new URL(request.url, "http://x");
        const file = files.get(url.pathname);
        if (file) {
            response.writeHead(200, { "content-type": kTypes[url.pathname === "/" ? "html" : url.pathname.split(".").pop()], "content-security-policy": kCsp });
            return response.end(file);
        }
        let text = "";
        for await (const piece of request) text += piece;
        asked.push(`${request.method} ${request.url}`);
        if (variant === "view" && request.method === "POST") asked.push("a change by who may only look");
        if (variant === "slow" && url.pathname !== "/api/session") await new Promise((go) => setTimeout(go, 2500));
        const answer = answers(url, request.method, text ? JSON.parse(text) : {}, request.headers);
        const failed = Array.isArray(answer);
        response.writeHead(failed ? answer[0] : 200, { "content-type": "application/json" });
        response.end(JSON.stringify(failed ? { error: { message: answer[1] } } : answer));
    });
    await new Promise((go) => server.listen(0, "127.0.0.1", go));
    return { url: `http://127.0.0.1:${server.address().port}`, asked, settle: () => { settled += 1; }, stop: () => { server.closeAllConnections(); server.close(); } };
}
