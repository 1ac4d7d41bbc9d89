// A page's import map, for what the library resolves itself: files of packages (`import.meta.resolve`).
import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

export const importMap: Plugin = {
  name: "import-map",
  transformIndexHtml: () => {
    const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    const names = Object.keys((manifest as { dependencies: Record<string, string> }).dependencies);
    const imports = Object.fromEntries(names.map((name) => [`${name}/`, `/node_modules/${name}/`]));
    return [
      { tag: "script", attrs: { type: "importmap" }, children: JSON.stringify({ imports }), injectTo: "head-prepend" },
    ];
  },
};
