import { defineConfig } from "vite";

// `npx vite` beside a running gateway: WEIR_ADMIN=http://127.0.0.1:8081.
export default defineConfig({
    esbuild: { jsx: "automatic", jsxImportSource: "preact" },
    build: { target: "es2020", assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: false },
    server: { proxy: { "/api": process.env.WEIR_ADMIN ?? "http://127.0.0.1:8081" } },
});
