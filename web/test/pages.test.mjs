// What single pages do when something goes wrong or comes late: against mock.mjs, with answers held back, changed or failed.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { close, dist, go, launch, settled, until, visit } from "./chromium.mjs";
import { start } from "./mock.mjs";

before(launch);
after(close);

const on = (options, work) => async () => {
    const mock = await start({ dist, variant: options.variant });
    try { await visit(mock.url, options, (page) => work(page, mock)); } finally { mock.stop(); }
};
const failed = (status, message) => (route) => route.fulfill({ status, contentType: "application/json", body: JSON.stringify({ error: { message } }) });
const main = (page) => page.locator("main").innerText();

test("what if: a poll that fails is told and asked again, what was replayed is what is applied", on({ errors: true }, async (page, mock) => {
    await go(page, "what-if");
    await page.route("**/api/what-if/1", failed(503, "the gateway is busy."));
    await page.click("button:has-text('Replay')");
    await page.waitForSelector("text=the gateway is busy. It is asked again by itself.");
    await page.unroute("**/api/what-if/1");
    await page.waitForSelector("text=$17.00 ($16.10 to $17.80)");
    await page.waitForSelector("text=Done.");
    assert.match(await page.locator("h2").first().innerText(), /^As it was, and with a promise of 2\.0.%$/);
    await page.locator("input[type=range]").fill("8");
    await page.waitForSelector("text=The form says something else by now");
    assert.equal(await page.locator("button:has-text('Apply')").count(), 0);
    await page.locator("input[type=range]").fill("2");
    await page.click("button:has-text('Apply')");
    await page.waitForSelector("text=/Applied: a promise of 2.0.%/");
    await page.route("**/api/what-if/1", failed(404, "no such question, or it is forgotten"));
    await page.click("button:has-text('Replay')");
    await page.waitForSelector("text=it is forgotten. Replay it again.");
    assert.ok(await page.locator("button:has-text('Replay')").isEnabled());
    assert.ok(mock.asked.includes("POST /api/config/apply"));
}));

const rowsShown = () => +document.querySelector("main table").getAttribute("aria-rowcount") - 1;

test("requests: older ones come once, of the filters that are set, and a failure is told", on({ errors: true }, async (page, mock) => {
    await go(page, "requests?since=24h");
    const older = page.locator("button:has-text('Show older ones')");
    await page.route("**/api/requests?*before=*", async (route) => { await new Promise((done) => setTimeout(done, 300)); await route.continue(); });
    await older.evaluate((button) => { button.click(); button.click(); });
    await until(page, () => document.querySelector("main table").getAttribute("aria-rowcount") === "201");
    await page.waitForTimeout(400);  // another answer would have come
    assert.equal(await page.evaluate(rowsShown), 200);
    await older.click();
    assert.ok(await older.isDisabled());
    await page.getByLabel("Purpose").selectOption("all");
    await until(page, () => document.querySelector("th:nth-child(2)")?.textContent === "Purpose");
    await page.waitForTimeout(400);
    assert.equal(await page.evaluate(rowsShown), 100);
    await older.click();
    await until(page, () => document.querySelector("main table").getAttribute("aria-rowcount") === "201");
    const asked = mock.asked.filter((line) => line.includes("before="));
    assert.match(asked.at(-1), /purpose=all&before=100$/);
    await page.unroute("**/api/requests?*before=*");
    await page.route("**/api/requests?*before=*", failed(503, "the ledger is busy"));
    await older.click();
    await page.waitForSelector("text=Older ones could not be fetched: the ledger is busy");
    await page.route("**/api/requests?*tier=exact*", (route) => route.fulfill({ json: { requests: [], next: "0cb388152d400003" } }));
    await page.getByLabel("Tier").selectOption("exact");
    await page.waitForSelector("text=None among those looked at so far");
    await page.unroute("**/api/requests?*before=*");
}));

test("requests: a file holds all of the range", on({ acceptDownloads: true }, async (page) => {
    await go(page, "requests?since=24h");
    await settled(page);
    const [saved] = await Promise.all([page.waitForEvent("download"), page.click("button[aria-label$='save as CSV']")]);
    assert.equal(readFileSync(await saved.path(), "utf8").trim().split("\r\n").length, 451);
    await page.waitForSelector("text=450 rows saved");
}));

test("overview: the lines of the table are the headline, each leads to its rows", on({}, async (page) => {
    await page.waitForSelector("text=Net savings");
    const table = page.locator("table[aria-label='By tier'] tbody");
    const cost = (cells) => cells.map((cell) => +cell.textContent.replace(/[$,]/g, ""));
    const costs = cost(await table.locator("tr").evaluateAll((rows) => rows.map((row) => ({ textContent: row.children[3].textContent }))));
    const total = costs.pop();
    assert.ok(Math.abs(costs.reduce((a, b) => a + b, 0) - total) < 0.01, `${costs} against ${total}`);
    assert.equal(await page.locator(".figure:has-text('Spent') a").innerText(), `$${total.toFixed(2)}`);
    assert.equal(await page.locator(".figure:has-text('Spent') a").getAttribute("href"), "#/requests?since=24h&purpose=all");
    assert.equal(await page.locator("a:has-text('own questions')").getAttribute("href"), "#/requests?since=24h&purpose=own");
    await page.click("a:has-text('own: judge')");
    await until(page, () => /purpose=judge/.test(location.hash));
    await until(page, () => [...document.querySelectorAll("select")].some((each) => each.value === "judge"));
}));

test("live: what was before the page is not missed; what costs more is not green", on({}, async (page, mock) => {
    const sample = (await (await fetch(mock.url + "/api/requests?most=1")).json()).requests[0];
    const rows = [{ ...sample, id: "1", saved_usd: -0.000009 }, { ...sample, id: "2", saved_usd: -0.5, purpose: "audit" }];
    let asked = 0;
    await page.route("**/api/requests/live*", (route) => { asked += 1; return route.fulfill({ json: { next: 900 + asked, missed: asked === 3 ? 7 : 36 * (asked === 1), requests: asked === 1 ? rows : [] } }); });
    await go(page, "live");
    await page.waitForSelector("text=7 went by too fast");
    assert.equal(await page.locator(".live .good").count(), 0);
    assert.match(await main(page), /\$0\.000009 more than the reference/);
}));

test("a chart: the point that the keys are at stays when new numbers come; a cut step leads to the range alone", on({}, async (page) => {
    await page.waitForSelector("text=Net savings");
    let polls = 0;
    const kCut = 600e6;
    await page.route("**/api/overview?*", async (route) => { const answer = await (await route.fetch()).json(); polls += 1; return route.fulfill({ json: { ...answer, since_unix_us: answer.since_unix_us + kCut } }); });
    await page.clock.install();
    await page.reload();
    await page.waitForSelector(".u-over");
    const plot = page.getByRole("slider", { name: /^Latency/ });
    await plot.focus();
    await page.keyboard.press("End");
    for (let i = 0; i < 3; ++i) await page.keyboard.press("ArrowLeft");
    const told = await plot.getAttribute("aria-valuetext");
    assert.equal(await plot.getAttribute("aria-valuenow"), "21");
    const before = polls;
    await page.clock.runFor(11_000);
    for (const end = Date.now() + 8000; polls === before && Date.now() < end;) await new Promise((done) => setTimeout(done, 20));
    assert.ok(polls > before);
    for (let i = 0; i < 10; ++i) {
        await new Promise((done) => setTimeout(done, 20));
        await page.clock.runFor(50);
    }
    assert.equal(await plot.getAttribute("aria-valuetext"), told);
    await page.keyboard.press("Home");
    await page.keyboard.press("Enter");
    await until(page, () => location.hash.startsWith("#/requests"));
    const query = new URLSearchParams((await page.evaluate(() => location.hash)).split("?")[1]);
    assert.equal(+query.get("until_unix_us") - +query.get("since_unix_us"), 3600e6 - kCut);
}));

test("a page that was opened in the background asks when it is looked at", on({}, async (page) => {
    await page.addInitScript(() => {
        let hidden = true;
        Object.defineProperty(document, "hidden", { get: () => hidden });
        window.show = () => { hidden = false; document.dispatchEvent(new Event("visibilitychange")); };
    });
    await page.reload();
    await page.waitForSelector("text=Loading");
    const at = Date.now();
    await page.evaluate(() => window.show());
    await page.waitForSelector("text=Net savings");
    await page.waitForSelector("text=This month");
    assert.ok(Date.now() - at < 5000);
}));

test("configuration: edits stay while other pages are looked at; the file is read again by hand", on({ errors: true }, async (page) => {
    page.on("dialog", (dialog) => dialog.accept());
    await go(page, "configuration");
    await page.locator("#config-text").fill("edited: 1\n");
    await go(page, "tasks");
    await settled(page);
    await page.route("**/api/config", (route) => route.fulfill({ json: { file: "weir.yaml", text: "another: 1\n", digest: "d2", writable: true } }));
    await go(page, "configuration");
    await page.waitForSelector("text=The file has changed since these edits began");
    assert.equal(await page.locator("#config-text").inputValue(), "edited: 1\n");
    await page.click("text=Read again");
    await until(page, () => document.querySelector("#config-text").value === "another: 1\n");
    assert.equal(await page.locator("text=The file has changed").count(), 0);
}));

test("a session that ends: why, and the edits are there after signing in", on({ variant: "token", errors: true }, async (page) => {
    const signIn = async () => { await page.getByLabel("Admin token").fill("good"); await page.click("button:has-text('Sign in')"); };
    await signIn();
    await go(page, "configuration");
    await page.locator("#config-text").fill("edited: 1\n");
    await page.route("**/api/config/check", failed(401, "this session has ended; sign in again"));
    await page.click("button:has-text('Check')");
    await page.waitForSelector("text=You are signed out: this session has ended; sign in again.");
    await signIn();
    await page.waitForSelector("#config-text");
    assert.equal(await page.locator("#config-text").inputValue(), "edited: 1\n");
}));

test("a configuration that can't be written: said, and nothing offers to", on({ variant: "fixed" }, async (page) => {
    await go(page, "configuration");
    await page.waitForSelector("text=Weir may not write weir.yaml here");
    await page.locator("#config-text").fill("edited: 1\n");
    assert.ok(await page.locator("button:has-text('Apply')").isDisabled());
    await page.click("button:has-text('Undo')");
    await go(page, "tasks/0000000000000001");
    await page.waitForSelector("text=Weir may not write weir.yaml here");
    assert.equal(await page.locator("button:has-text('Set')").count(), 0);
    await go(page, "what-if");
    await page.click("button:has-text('Replay')");
    await page.waitForSelector("text=Weir may not write weir.yaml here");
    assert.equal(await page.locator("button:has-text('Apply')").count(), 0);
}));

test("a long table: after scrolling with the mouse one row can be reached by Tab", on({}, async (page) => {
    await go(page, "tasks");
    await page.waitForSelector("tr[data-row='0']");
    await page.locator(".scroll.tall").evaluate((box) => { box.scrollTop = 30_000; });
    await until(page, () => document.querySelectorAll("tr[data-row='900'], tr[data-row='830']").length > 0 && document.querySelectorAll("main tr[tabindex='0']").length === 1);
}));

test("at 400 px a short page begins under the header", on({ viewport: { width: 400, height: 1400 } }, async (page) => {
    await go(page, "what-if");
    const band = await page.evaluate(() => document.querySelector("main").getBoundingClientRect().top - document.querySelector(".brand").getBoundingClientRect().bottom);
    assert.ok(band < 40, `${band} px between`);
}));

test("keys: copied, or selected with a word on why not; who may call without one", on({}, async (page) => {
    await page.addInitScript(() => Object.defineProperty(navigator, "clipboard", { value: undefined }));
    await page.route("**/api/keys", (route) => (route.request().method() === "GET" ? route.fulfill({ json: { keys: [], configured: 0, required: true } }) : route.continue()));
    await page.reload();
    await go(page, "keys");
    await page.waitForSelector("text=Nobody may call without one: require_key is set.");
    await page.getByLabel("Tenant", { exact: true }).fill("acme");
    await page.click("button:has-text('Create')");
    await page.click("button:has-text('Copy')");
    await page.waitForSelector("text=the key is selected, copy it by hand");
    assert.equal(await page.evaluate(() => getSelection().toString()), "wk-0123456789abcdef0123456789abcdef");
}));

test("cache: how long an entry is fresh is told where it is known", on({}, async (page) => {
    await page.route("**/api/cache/entries*", async (route) => {
        const answer = await (await route.fetch()).json();
        const entries = ["fresh", "purged", "unused"].map((state, i) => ({ ...answer.entries[i], state, fresh_until_unix_us: null }));
        return route.fulfill({ json: { ...answer, entries } });
    });
    await go(page, "cache");
    await page.waitForSelector("td .badge.unused");
    assert.deepEqual(await page.locator("tbody tr").evaluateAll((rows) => rows.map((row) => row.children[5].textContent)), ["for good", "\u2013", "\u2013"]);
}));
