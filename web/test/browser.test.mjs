// The pages in a real headless Chromium: against a made-up gateway (mock.mjs), and the gateway itself where WEIR_BIN names one.
// WEIR_SHOTS=FOLDER keeps pictures.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { audit, close, dist, go, launch, settled, until, visit } from "./chromium.mjs";
import { start } from "./mock.mjs";

const shots = process.env.WEIR_SHOTS;
const kPages = ["overview", "alerts", "tasks", "live", "requests", "cache", "students", "keys", "what-if", "configuration", "audit"];
const folder = mkdtempSync(join(tmpdir(), "weir-web-"));

before(async () => {
    if (shots) mkdirSync(shots, { recursive: true });
    await launch();
});
after(async () => { await close(); rmSync(folder, { recursive: true, force: true }); });

for (const [name, options] of Object.entries({
    light: { colorScheme: "light" }, dark: { colorScheme: "dark" }, narrow: { viewport: { width: 400, height: 800 }, colorScheme: "light" }, narrow_dark: { viewport: { width: 400, height: 800 }, colorScheme: "dark" },
})) test(`every page, ${name}`, async () => {
    const mock = await start({ dist });
    try {
        await visit(mock.url, options, async (page) => {
            for (const each of [...kPages, "tasks/0000000000000001", "requests/0000000000abc003", "students/6a6dad0d17363068"]) {
                await go(page, each);
                await settled(page);
                assert.deepEqual(await page.evaluate(audit), [], `${each}, ${name}`);
                if (shots) await page.screenshot({ path: join(shots, `${each.replace("/", "_").slice(0, 14)}-${name}.png`), fullPage: false });
            }
        });
    } finally { mock.stop(); }
});

test("empty: every page says what to do", async () => {
    const mock = await start({ dist, variant: "empty" });
    try {
        await visit(mock.url, {}, async (page) => {
            for (const each of kPages.filter((p) => p !== "configuration")) {
                await go(page, each);
                await settled(page);
                await page.waitForSelector("main .empty, main .figures");
                assert.deepEqual(await page.evaluate(audit), [], each);
                if (shots) await page.screenshot({ path: join(shots, `${each}-empty.png`) });
            }
        });
    } finally { mock.stop(); }
});

test("10,000 tasks: few rows in the document, the last one is reached, search finds", async () => {
    const mock = await start({ dist });
    try {
        await visit(mock.url, {}, async (page) => {
            await go(page, "tasks");
            await page.waitForSelector("tr[data-row='0']");
            await page.locator("tr[data-row='0']").focus();
            await page.keyboard.press("ArrowDown");
            await until(page, () => document.activeElement?.dataset.row === "1");
            await page.keyboard.press("End");
            await until(page, () => document.activeElement?.dataset.row === "9999" && document.activeElement.textContent.includes("9999"));
            assert.ok(await page.locator("tbody tr").count() < 80);
            await page.keyboard.press("/");
            await page.keyboard.type("labels 77");
            await page.waitForSelector("text=ticket labels 77");
            await page.locator("tr[data-row='0']").focus();
            await page.keyboard.press("Enter");
            await page.waitForSelector("text=Promise and proof");
        });
    } finally { mock.stop(); }
});

test("slow: said so; errors: the server's sentence and another try", async () => {
    const slow = await start({ dist, variant: "slow" });
    try {
        await visit(slow.url, {}, async (page) => {
            await page.waitForSelector("text=Loading");
            await page.waitForSelector("text=takes longer than usual");
            await page.waitForSelector("text=Net savings");
            for (const [each, there] of [["tasks", "text=10,000 tasks"], ["cache", "text=The newest entries"], ["students/6a6dad0d17363068", "text=Learning curve"]]) {
                await go(page, each);
                await page.waitForSelector("text=takes longer than usual");
                await page.waitForSelector(there);
            }
        });
    } finally { slow.stop(); }
    const broken = await start({ dist, variant: "error" });
    try {
        await visit(broken.url, { errors: true }, async (page) => {
            await page.waitForSelector("text=the ledger is busy");
            const before = broken.asked.length;
            await page.click("button:has-text('Try again')");
            for (let i = 0; i < 100 && broken.asked.length === before; ++i) await page.waitForTimeout(20);
            assert.ok(broken.asked.length > before);
        });
    } finally { broken.stop(); }
});

test("by keyboard: skip link, help, going places; light and dark by hand", async () => {
    const mock = await start({ dist });
    try {
        await visit(mock.url, { colorScheme: "light" }, async (page) => {
            await page.waitForSelector("text=Net savings");
            await page.keyboard.press("Tab");
            assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the content");
            await page.keyboard.press("Enter");
            assert.equal(await page.evaluate(() => document.activeElement.id), "main");
            await page.keyboard.press("?");
            await page.waitForSelector("dialog[open]");
            await page.keyboard.press("Escape");
            await page.waitForSelector("dialog", { state: "detached" });
            await page.keyboard.press("g");
            await page.keyboard.press("s");
            await page.waitForSelector("h1:has-text('Students')");
            await until(page, () => document.activeElement.tagName === "H1");  // an effect: after the heading was painted
            await page.getByLabel("Colours").selectOption("dark");
            await until(page, () => document.documentElement.dataset.theme === "dark");
        });
    } finally { mock.stop(); }
});

async function openTables(page) {
    for (const summary of await page.locator("details > summary").all()) await summary.click();
    await until(page, () => [...document.querySelectorAll("details")].every((each) => each.querySelector("table")));
}

// The tree that assistive technology is given, by Chromium's own account.
const kOperable = new Set(["button", "link", "textbox", "searchbox", "combobox", "slider", "checkbox", "spinbutton", "listbox", "switch", "tab", "menuitem"]);
async function unnamed(page) {
    const session = await page.context().newCDPSession(page);
    const { nodes } = await session.send("Accessibility.getFullAXTree");
    await session.detach();
    const wrong = [];
    let seen = 0;
    for (const node of nodes) {
        if (node.ignored) continue;
        const role = node.role?.value ?? "", name = String(node.name?.value ?? "").trim();
        const focusable = node.properties?.some((p) => p.name === "focusable" && p.value.value === true);
        const operable = kOperable.has(role.toLowerCase());
        if (!operable && !focusable) continue;
        if (role === "RootWebArea" || role === "MenuListOption" || role === "option") continue;
        seen += 1;
        if (!role || role === "generic" || role === "none") wrong.push(`no role: ${name || JSON.stringify(node.backendDOMNodeId)}`);
        else if (!name && role !== "main") wrong.push(`no name: ${role}`);
    }
    return { wrong, seen };
}

test("the accessibility tree: whatever can be operated has a name and a role", async () => {
    for (const viewport of [{ width: 1280, height: 900 }, { width: 400, height: 800 }]) {
        const mock = await start({ dist });
        try {
            await visit(mock.url, { viewport }, async (page) => {
                for (const each of [...kPages, "tasks/0000000000000001", "requests/0000000000abc003", "students/6a6dad0d17363068"]) {
                    await go(page, each);
                    await settled(page);
                    await openTables(page);
                    const { wrong, seen } = await unnamed(page);
                    assert.deepEqual(wrong, [], `${each}, ${viewport.width}`);
                    assert.ok(seen > 3, `${each}: only ${seen} nodes`);
                }
                await page.keyboard.press("?");
                await page.waitForSelector("dialog[open]");
                assert.deepEqual((await unnamed(page)).wrong, [], "dialog");
            });
        } finally { mock.stop(); }
    }
});

test("role view: nothing that changes anything is there, nor is it asked for", async () => {
    const mock = await start({ dist, variant: "view" });
    try {
        await visit(mock.url, { errors: true }, async (page) => {
            for (const each of [...kPages.filter((p) => p !== "configuration"), "tasks/0000000000000001", "students/6a6dad0d17363068"]) {
                await go(page, each);
                await settled(page);
                const found = await page.locator("main button").allTextContents();
                assert.deepEqual(found.filter((text) => /promote|demote|roll back|purge|create|revoke|apply|^set$/i.test(text)), [], each);
                assert.deepEqual(await page.evaluate(audit), [], each);
            }
            await go(page, "cache");
            await page.waitForSelector("text=a token of role operate is needed");
            assert.ok(!mock.asked.some((line) => line.startsWith("POST") || line.includes("/api/cache/entries")));
        });
    } finally { mock.stop(); }
});

test("a point of a chart opens its requests: by keyboard, by a click, from the table", async () => {
    const mock = await start({ dist });
    try {
        await visit(mock.url, {}, async (page) => {
            await page.waitForSelector("text=Net savings");
            const plot = page.getByRole("slider", { name: /^Who answered/ });
            await plot.focus();
            await page.keyboard.press("ArrowLeft");
            await page.keyboard.press("ArrowLeft");
            assert.match(await plot.getAttribute("aria-valuetext"), /^\d{4}-\d\d-\d\d .*exact \d/);
            await page.keyboard.press("ArrowDown");
            await page.keyboard.press("Enter");
            await page.waitForSelector("h1:has-text('Requests')");
            const query = new URLSearchParams((await page.evaluate(() => location.hash)).split("?")[1]);
            assert.equal(query.get("tier"), "exact");
            assert.equal(+query.get("until_unix_us") - +query.get("since_unix_us"), 3600e6);
            assert.ok(mock.asked.some((line) => line.includes(`/api/requests?since_unix_us=${query.get("since_unix_us")}&until_unix_us=${query.get("until_unix_us")}`)));
            await page.getByLabel("Range").selectOption("7d");
            await until(page, () => location.hash.includes("since=7d") && !location.hash.includes("since_unix_us"));
            await go(page, "overview");
            await page.waitForSelector(".u-over");
            await page.locator(".chart:has-text('Errors') .u-over").click({ position: { x: 60, y: 60 } });
            await until(page, () => /#\/requests\?.*status=error.*since_unix_us=\d+/.test(location.hash));
            await go(page, "overview");
            await page.click("summary:has-text('Who answered as a table')");
            await page.locator("table[aria-label='Who answered, numbers'] tbody a").nth(1).click();
            await until(page, () => /#\/requests\?.*tier=exact.*since_unix_us=\d+/.test(location.hash));
        });
    } finally { mock.stop(); }
});

test("tasks: mode by hand, all rows saved, a page that can't be fetched is told", async () => {
    const mock = await start({ dist });
    try {
        await visit(mock.url, { errors: true, acceptDownloads: true }, async (page) => {
            await go(page, "tasks/0000000000000001");
            await page.getByRole("combobox", { name: /^Mode/ }).selectOption("shadow");
            await page.click("button:has-text('Set')");
            await page.waitForSelector("dd:has-text('shadow')");
            await page.waitForSelector("text=In force: shadow, written into the configuration.");
            assert.ok(mock.asked.includes("POST /api/tasks/0000000000000001/mode"));
            await go(page, "tasks");
            await page.waitForSelector("tr[data-row='0']");
            const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "10,000 tasks: save as CSV" }).click()]);
            const lines = readFileSync(await saved.path(), "utf8").trim().split("\r\n");
            assert.equal(lines.length, 10_001);
            assert.ok(lines[0].startsWith("name,state,mode,tenant,requests,cost_usd"));
            await page.route("**/api/tasks?*offset=9800*", (route) => route.fulfill({ status: 503, contentType: "application/json", body: '{"error":{"message":"the ledger is busy"}}' }));
            await page.locator("tr[data-row='0']").focus();
            await page.keyboard.press("End");
            await page.waitForSelector("text=Some rows could not be fetched: the ledger is busy");
        });
    } finally { mock.stop(); }
});

test("cache: words find, filters by task and tenant, an entry is purged", async () => {
    const mock = await start({ dist });
    try {
        await visit(mock.url, {}, async (page) => {
            page.on("dialog", (dialog) => dialog.accept());
            await go(page, "cache");
            await page.waitForSelector("text=The newest entries");
            await page.keyboard.press("/");
            await page.keyboard.type("audit PLAN");
            await page.waitForSelector("text=Entries found");
            await until(page, () => document.querySelectorAll("main tbody tr").length === 20);
            const first = await page.locator("main tbody button").first().getAttribute("aria-label");
            await page.locator("main tbody button").first().click();
            await page.waitForSelector("text=Void now");
            await until(page, () => document.querySelectorAll("main tbody tr").length === 19);
            assert.notEqual(await page.locator("main tbody button").first().getAttribute("aria-label"), first);
            await page.locator("main tbody a[href*='tenant=']").first().click();
            await page.click("text=Purge all of this tenant");
            await page.waitForSelector("text=Void now");
            assert.equal(mock.asked.filter((line) => line === "POST /api/cache/purge").length, 2);
        });
    } finally { mock.stop(); }
});

test("a student: where it is in its life, its curve as a plot and as a table", async () => {
    const mock = await start({ dist });
    try {
        await visit(mock.url, {}, async (page) => {
            await go(page, "students");
            await page.locator("tr[data-row='0']").focus();
            await page.keyboard.press("Enter");
            await page.waitForSelector("li[aria-current=step]:has-text('serving')");
            const plot = page.getByRole("slider", { name: /^Learning curve, by examples. 9 versions/ });
            await plot.focus();
            await page.keyboard.press("Home");
            assert.match(await plot.getAttribute("aria-valuetext"), /^1: 40 examples: agree 86\.0/);
            await page.keyboard.press("Enter");  // there is nothing behind it
            assert.match(await page.evaluate(() => location.hash), /^#\/students\//);
            await page.click("summary:has-text('as a table')");
            await page.waitForSelector("table[aria-label='Learning curve, by examples, numbers']");
            assert.equal(await page.locator("table[aria-label='Learning curve, by examples, numbers'] tbody tr").count(), 9);
            assert.equal(await page.locator("table[aria-label='Versions'] tbody tr").count(), 9);
            await page.click("button:has-text('Demote')");
            await page.waitForSelector("text=it is out of service");
        });
    } finally { mock.stop(); }
});

test("every table is saved as CSV and as JSON", async () => {
    const mock = await start({ dist });
    try {
        await visit(mock.url, {}, async (page) => {
            for (const each of [...kPages, "tasks/0000000000000001", "requests/0000000000abc003", "students/6a6dad0d17363068"]) {
                await go(page, each);
                await settled(page);
                await openTables(page);
                assert.deepEqual(await page.evaluate(() => [...document.querySelectorAll("main table")].filter((t) => !t.closest(".tablebox")?.querySelector("[aria-label$='save as CSV']") || !t.closest(".tablebox").querySelector("[aria-label$='save as JSON']")).map((t) => t.getAttribute("aria-label"))), [], each);
            }
        });
    } finally { mock.stop(); }
});

test("live: less than 200 ms behind; pause", async () => {
    const mock = await start({ dist });
    try {
        await visit(mock.url, {}, async (page) => {
            await go(page, "live");
            await page.waitForSelector(".live li");
            assert.match(await page.textContent(".live li .trace"), /semantic 0\.93, refused: number 15 against 50 → student 0\.71, refused: sure, risk 0\.031 > 0\.02 → openai\/gpt-4o-mini −0\.04 ≥ −0\.10, served/);
            const times = [];
            for (let i = 0; i < 7; ++i) {
                const seen = page.evaluate(() => new Promise((go) => {
                    const list = document.querySelector(".live"), first = list.firstElementChild.textContent, from = list.childElementCount;
                    const look = new MutationObserver(() => { if (list.childElementCount !== from || list.firstElementChild.textContent !== first) { look.disconnect(); go(Date.now()); } });
                    look.observe(list, { childList: true, subtree: true, characterData: true });
                }));
                await page.waitForTimeout(20);
                const at = Date.now();
                mock.settle();
                times.push(await seen - at);
            }
            times.sort((a, b) => a - b);
            console.log(`live: median ${times[3]} ms, most ${times[6]} ms behind`);
            assert.ok(times[3] < 200, `behind by ${times}`);
            await page.click("text=Pause");
            await page.waitForSelector("text=Paused.");
        });
    } finally { mock.stop(); }
});

test("sign in, make a key that is shown once, apply a configuration", async () => {
    const mock = await start({ dist, variant: "token" });
    try {
        await visit(mock.url, { errors: true }, async (page) => {
            await page.getByLabel("Admin token").fill("wrong");
            await page.click("button");
            await page.waitForSelector("text=no such token");
            await page.getByLabel("Admin token").fill("good");
            await page.click("button");
            await page.waitForSelector("text=Net savings");
            await go(page, "keys");
            await page.getByLabel("Tenant", { exact: true }).fill("acme");
            await page.click("button:has-text('Create')");
            await page.waitForSelector("text=wk-0123456789abcdef0123456789abcdef");
            await page.click("text=I have it");
            assert.equal(await page.locator("text=wk-0123456789abcdef0123456789abcdef").count(), 0);
            await go(page, "configuration");
            await page.locator("#config-text").fill("listen: 127.0.0.1:8080\n\nbad: 1\n");
            await page.click("button:has-text('Check')");
            await page.waitForSelector("text=unknown key 'bad'");
            await page.locator("#config-text").fill("listen: 127.0.0.1:9090\n");
            await page.click("button:has-text('Apply')");
            await page.waitForSelector("text=Written and in force.");
            await go(page, "what-if");
            await page.click("button:has-text('Replay')");
            await page.waitForSelector("text=$17.00 ($16.10 to $17.80)");
            await page.waitForSelector("text=openai/o9 was never tried");
            await page.click("text=/Apply 2.0/");
            await page.waitForSelector("text=/Applied: a promise of 2.0.% is the configuration now./");
        });
    } finally { mock.stop(); }
});

test("alerts and the forecast: firing on the overview, expected by budget", async () => {
    const mock = await start({ dist });
    try {
        await visit(mock.url, {}, async (page) => {
            await page.waitForSelector("text=2 alerts are firing");
            await page.waitForSelector("text=$600.00 ($586.42 to $618.11) of the month");
            await page.click("text=All alerts");
            await page.waitForSelector("text=81 % of 50.00 USD (day) is spent");
            await page.waitForSelector("text=status 503");
            await go(page, "keys");
            await page.waitForSelector("text=$300.00 ($280.00 to $330.00)");
        });
    } finally { mock.stop(); }
    const quiet = await start({ dist, variant: "empty" });
    try {
        await visit(quiet.url, {}, async (page) => {
            await go(page, "alerts");
            await page.waitForSelector("text=Nothing is wrong");
            await page.waitForSelector("text=Nobody is told");
        });
    } finally { quiet.stop(); }
});

// First paint, five times with an empty cache, sorted.
async function firstPaint(url) {
    const times = [];
    for (let i = 0; i < 5; ++i) await visit(url, { errors: true }, async (page) => {
        await page.waitForSelector("h1");
        times.push(await page.evaluate(() => new Promise((go) => new PerformanceObserver((l) => go(l.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0)).observe({ type: "paint", buffered: true }))));
    });
    return times.sort((a, b) => a - b);
}

// A provider for the gateway: answers whatever is asked.
async function provider() {
    const server = createServer(async (request, response) => {
        for await (const _ of request) { /* whatever it is */ }
        response.writeHead(200, { "content-type": "application/json" });
        response.end(JSON.stringify({ id: "c1", object: "chat.completion", created: 1, model: "m", choices: [{ index: 0, message: { role: "assistant", content: "Paris." }, finish_reason: "stop" }], usage: { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 } }));
    });
    await new Promise((go) => server.listen(0, "127.0.0.1", go));
    return { url: `http://127.0.0.1:${server.address().port}/v1`, stop: () => { server.closeAllConnections(); server.close(); } };
}

test("the gateway itself", { skip: !process.env.WEIR_BIN }, async () => {
    const config = join(folder, "weir.yaml");
    const upstream = await provider();
    writeFileSync(config, `listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\ndata: ${join(folder, "data")}\nreactors: 1\nproviders:\n  p: { api: openai, base_url: "${upstream.url}" }\nmodels:\n  p/m: { price: { input: 1, output: 2 } }\ncascades:\n  default:\n    match: { model: m }\n    tiers: [exact]\n    mode: serve\n`);
    const weir = spawn(process.env.WEIR_BIN, ["serve", "-c", config], { stdio: ["ignore", "pipe", "pipe"] });
    try {
        let said = "";
        const url = await new Promise((go, fail) => {
            const hear = (piece) => { said += piece; const m = /admin (?:at |on )?(?:http:\/\/)?(127\.0\.0\.1:\d+)/.exec(said); if (m) go(`http://${m[1]}`); };
            weir.stdout.on("data", hear);
            weir.stderr.on("data", hear);
            weir.on("exit", (code) => fail(new Error(`weir ended with ${code}: ${said}`)));
            setTimeout(() => fail(new Error(`no admin address in: ${said}`)), 8000).unref();
        });
        const callers = `http://${/listening on (127\.0\.0\.1:\d+)/.exec(said)[1]}/v1/chat/completions`;
        const page = await fetch(url + "/");
        assert.equal(page.status, 200);
        assert.equal(page.headers.get("content-encoding"), "gzip");
        assert.match(page.headers.get("content-security-policy"), /^default-src 'self';/);
        assert.ok(!page.headers.get("content-security-policy").includes("unsafe"));
        assert.equal(page.headers.get("x-content-type-options"), "nosniff");
        const again = await fetch(url + "/", { headers: { "if-none-match": page.headers.get("etag") } });
        assert.equal(again.status, 304);
        assert.equal((await fetch(url + "/", { method: "POST" })).status, 405);
        // Parts of the API that are not there answer 404: a sentence in the page, and no more.
        await visit(url, { errors: true }, async (page) => {
            for (const each of kPages) {
                await go(page, each);
                await settled(page);
                assert.deepEqual(await page.evaluate(audit), [], each);
            }
            await go(page, "live");
            await page.waitForSelector("text=Nothing yet");
            await go(page, "requests");
            await page.waitForSelector("text=No such request");
            await go(page, "students");
            await page.waitForSelector("text=No students yet");
            // A request of a caller is seen on every page that it belongs to.
            for (let i = 0; i < 2; ++i) {
                const answered = await fetch(callers, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ model: "m", messages: [{ role: "user", content: "What is the capital of France?" }] }) });
                assert.equal(answered.status, 200);
            }
            for (let rows = 0; rows < 2;) rows = (await (await fetch(url + "/api/requests")).json()).requests.length;
            await go(page, "tasks?since=7d");
            await page.locator("tr[data-row='0']").focus();
            await page.keyboard.press("Enter");
            await page.getByRole("combobox", { name: /^Mode/ }).selectOption("observe");
            await page.click("button:has-text('Set')");
            await page.waitForSelector("text=In force: observe, written into the configuration.");
            assert.match(readFileSync(config, "utf8"), /"[0-9a-f]{16}": \{ mode: observe \}/);
            assert.deepEqual(await page.evaluate(audit), [], "task");
            page.on("dialog", (dialog) => dialog.accept());
            await go(page, "cache?search=CAPITAL");
            await page.waitForSelector("td .badge.fresh");
            await page.locator("tbody button:has-text('Purge')").click();
            await page.waitForSelector("td .badge.purged");
            await go(page, "overview");
            await page.getByRole("slider", { name: /^Errors/ }).focus();
            await page.keyboard.press("End");
            await page.keyboard.press("Enter");
            await page.waitForSelector("text=No such request");  // none failed
            await go(page, "keys");
            await page.getByLabel("Tenant", { exact: true }).fill("acme");
            await page.click("button:has-text('Create')");
            await page.waitForSelector("text=/wk-[A-Za-z0-9]{32}/");
            await go(page, "audit");
            await page.getByText("/api/keys").first().waitFor();
        });
        const paint = await firstPaint(url);
        console.log(`first paint: least ${paint[0].toFixed(0)}, median ${paint[2].toFixed(0)} ms`);
        assert.ok(paint[0] < 300, `first paint after ${paint} ms`);  // the least: what else the machine does is not ours
    } finally { weir.kill("SIGTERM"); upstream.stop(); }
});
