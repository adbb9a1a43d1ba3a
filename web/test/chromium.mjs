// What the browser tests share: a headless Chromium, pages that fail on any console error, what the eye needs.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const dist = fileURLToPath(new URL("../dist", import.meta.url));
let browser;
export async function launch() {
    browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", headless: true,
        args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
}
export const close = () => browser?.close();

// A page that fails the test on anything from elsewhere, any console error, any breach of the policy.
export async function visit(url, options = {}, work) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(8000);
    const wrong = [];
    page.on("request", (r) => { if (!r.url().startsWith(url) && !r.url().startsWith("blob:")) wrong.push(`asked ${r.url()}`); });
    page.on("console", (m) => { if (m.type() === "error" && !options.errors) wrong.push(m.text()); });
    page.on("pageerror", (e) => wrong.push(String(e)));
    try {
        await page.goto(url + "/");
        await work(page);
        assert.deepEqual(wrong, []);
    } finally { await context.close(); }
}

export const go = async (page, name) => { await page.evaluate((n) => { location.hash = `#/${n}`; }, name); await page.waitForTimeout(0); await page.waitForSelector("main h1"); };
// Not page.waitForFunction, whose later looks need eval, which the policy forbids.
export async function until(page, holds) {
    for (const end = Date.now() + 8000; Date.now() < end;) {
        if (await page.evaluate(holds)) return;
        await page.waitForTimeout(20);
    }
    throw new Error(`never came true: ${holds}`);
}
export const settled = (page) => until(page, () => !/Loading…/.test(document.querySelector("main")?.textContent ?? "Loading…"));

// What the eye and the screen reader need, computed in the page.
export function audit() {
    const problems = [];
    const channels = (c) => c.match(/[\d.]+/g).map(Number);
    const light = (c) => channels(c).slice(0, 3).map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }).reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
    const ground = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if ((channels(c)[3] ?? 1) > 0.99) return c; } return "rgb(255,255,255)"; };
    for (const e of document.querySelectorAll("button,a,input,select,textarea")) {
        const name = e.getAttribute("aria-label") || e.textContent.trim() || e.labels?.[0]?.textContent.trim() || e.getAttribute("aria-labelledby");
        if (!name) problems.push(`no name: ${e.outerHTML.slice(0, 90)}`);
    }
    for (const e of document.querySelectorAll("body *")) {
        const text = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
        if (!text || !e.checkVisibility?.() || e.closest(".hidden,.skip,:disabled,noscript")) continue;
        const [a, b] = [light(getComputedStyle(e).color), light(ground(e))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) problems.push(`contrast ${ratio.toFixed(2)}: ${e.tagName}.${e.className} "${e.textContent.slice(0, 30)}"`);
    }
    let level = 0;
    for (const h of document.querySelectorAll("main h1,main h2,main h3")) {
        const now = +h.tagName[1];
        if (now > level + 1) problems.push(`heading ${h.tagName} after h${level}`);
        level = now;
    }
    if (document.querySelectorAll("main h1").length !== 1) problems.push("not one h1");
    for (const t of document.querySelectorAll("table")) if (!t.querySelector("th[scope=col]") || !t.getAttribute("aria-label")) problems.push("a table without headers or name");
    if (document.documentElement.scrollWidth > innerWidth) problems.push(`scrolls sideways: ${document.documentElement.scrollWidth} > ${innerWidth}`);
    return problems;
}
