// Light or dark: as the system has it, unless somebody chose.
const kKey = "weir-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");
export type Theme = "system" | "light" | "dark";

export function theme(): Theme {
    const kept = localStorage.getItem(kKey);
    return kept === "light" || kept === "dark" ? kept : "system";
}

export function applyTheme(chosen: Theme = theme()): void {
    if (chosen === "system") localStorage.removeItem(kKey); else localStorage.setItem(kKey, chosen);
    document.documentElement.dataset.theme = chosen === "dark" || (chosen === "system" && dark.matches) ? "dark" : "light";
    dispatchEvent(new Event("weir-theme"));
}

dark.addEventListener("change", () => applyTheme());
