// Writes the built pages as one C++ source: node embed.mjs DIST OUT.cpp. Everything is kept compressed (gzip, level 9).
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";

const kMostBytes = 150_000;  // all files together, compressed
const kTypes = { html: "text/html; charset=utf-8", js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8", svg: "image/svg+xml" };

const [dist, out] = process.argv.slice(2);
const files = readdirSync(dist, { recursive: true }).map(String).filter((name) => statSync(join(dist, name)).isFile()).sort();
let total = 0;
let source = '// Written by web/embed.mjs.\n#include "admin/dashboard.h"\n\nnamespace weir::admin {\nnamespace {\n';
const rows = [];
files.forEach((name, i) => {
    const plain = readFileSync(join(dist, name));
    const bytes = gzipSync(plain, { level: 9 });
    const type = kTypes[name.split(".").pop()];
    if (!type) throw new Error(`${name}: no content type is known for it`);
    total += bytes.length;
    const lines = [];
    for (let at = 0; at < bytes.length; at += 40) lines.push(Array.from(bytes.subarray(at, at + 40)).join(","));
    source += `const unsigned char kBytes${i}[] = {\n${lines.join(",\n")}};\n`;
    const path = "/" + relative(dist, join(dist, name)).replaceAll("\\", "/");
    const tag = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
    const named = /-[\w-]{8}\.\w+$/.test(name);  // the name has a digest of the content in it
    rows.push(`    {"${path === "/index.html" ? "/" : path}", "${type}", "\\"${tag}\\"", kBytes${i}, ${bytes.length}, ${named}},`);
});
if (total > kMostBytes) throw new Error(`the dashboard has ${total} compressed bytes, more than ${kMostBytes}`);
source += `const DashboardFile kFiles[] = {\n${rows.join("\n")}\n};\n}  // namespace\n\nstd::span<const DashboardFile> dashboard_files() {\n    return kFiles;\n}\n\n}  // namespace weir::admin\n`;
writeFileSync(out, source);
console.error(`== dashboard: ${files.length} files, ${total} bytes compressed`);
