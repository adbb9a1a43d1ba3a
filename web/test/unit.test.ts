import assert from "node:assert/strict";
import { test } from "node:test";
import { alone } from "../src/alone";
import { clock, csv, dash, duration, interval, share, traceLine, usd } from "../src/format";
import { link, parseHash } from "../src/router";

test("money: unknown is a dash, small amounts keep their digits", () => {
    assert.equal(usd(null), dash);
    assert.equal(usd(0), "$0.00");
    assert.equal(usd(1234.6), "$1,235");
    assert.equal(usd(-2.5), "\u2212$2.50");
    assert.equal(usd(0.00042), "$0.000420");
});

test("shares, intervals, durations, times", () => {
    assert.equal(share(0.123), "12.3\u202f%");
    assert.equal(share(undefined), dash);
    assert.equal(interval(0.008, 0.003, 0.019), "0.8\u202f% (0.3 to 1.9)");
    assert.equal(duration(41), "41\u202f\u00b5s");
    assert.equal(duration(4100), "4.1\u202fms");
    assert.equal(duration(2.5e6), "2.50\u202fs");
    assert.equal(clock(0), dash);
});

test("a trace is one line", () => {
    assert.equal(traceLine([{ tier: "semantic", score: 0.93, verdict: "refused", said: "number 15 vs 50" }, { tier: "student", score: 0.71, needed: 0.8, verdict: "refused" }, { tier: "small", score: -0.04, verdict: "served" }]),
        "semantic 0.93, refused: number 15 vs 50 \u2192 student 0.71 < 0.80, refused \u2192 small \u22120.04, served");
    assert.equal(traceLine(undefined), "");
});

test("CSV quotes, and no spreadsheet runs what it is given", () => {
    assert.equal(csv(["a", "b"], [["x,\"y\"", -1], ["=cmd()", null]]), "a,b\r\n\"x,\"\"y\"\"\",-1\r\n'=cmd(),\r\n");
});

test("addresses there and back", () => {
    assert.deepEqual(parseHash("").page, "overview");
    const route = parseHash(link("requests", { tier: "exact", task: null, since: "7d" }));
    assert.equal(route.page, "requests");
    assert.equal(route.query.get("tier"), "exact");
    assert.equal(route.query.get("task"), null);
    assert.equal(parseHash("#/tasks/00ff").rest, "00ff");
    assert.equal(parseHash("#/tasks/%zz").rest, "%zz");
});

test("a point that no line reaches is drawn by itself", () => {
    assert.deepEqual(alone([1, null, 2, null, null, 3, 4, null, 5]), [0, 2, 8]);
    assert.deepEqual(alone([1]), [0]);
    assert.deepEqual(alone([null, 0, null]), [1]);
});
