// The smoke test's page in headless Chromium.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { faultOf, openSourcePages, type SourcePages } from "../../tools/source-pages.ts";
import type { Device, SmokeResult } from "./smoke.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { dependencies } = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as {
  dependencies: Record<string, string>;
};

/** A page's import map, for what the library resolves itself: files of packages (`import.meta.resolve`). */
const importMap: Plugin = {
  name: "import-map",
  transformIndexHtml: () => {
    const imports = Object.fromEntries(Object.keys(dependencies).map((name) => [`${name}/`, `/node_modules/${name}/`]));
    return [
      { tag: "script", attrs: { type: "importmap" }, children: JSON.stringify({ imports }), injectTo: "head-prepend" },
    ];
  },
};

export interface BrowserRuntime extends AsyncDisposable {
  version: string;
  run(device: Device, photos: string[]): Promise<SmokeResult>;
}

/** `isolated`: whether pages may share memory with their workers. */
export async function startBrowser({ isolated = true }: { isolated?: boolean } = {}): Promise<BrowserRuntime> {
  const pages = await openSourcePages({
    cache: "vite",
    isolated,
    plugins: [importMap],
    optimizeDeps: { entries: ["test/smoke/page.html"] },
  });
  return {
    version: pages.browser.version(),
    run: (device, photos) => runPage(pages, device, photos),
    [Symbol.asyncDispose]: () => pages[Symbol.asyncDispose](),
  };
}

/** Opens the page anew for each run; whatever goes wrong in it ends the run with what the page said. */
async function runPage(pages: SourcePages, device: Device, photos: string[]): Promise<SmokeResult> {
  const page = await pages.browser.newPage();
  const fault = faultOf(page);
  const result = async () => {
    await page.goto(pages.urlOf("test/smoke/page.html"));
    await page.waitForFunction(() => "runSmoke" in globalThis, undefined, { timeout: 30_000 });
    return page.evaluate(([device, photos]) => runSmoke(device, photos), [device, photos] as const);
  };
  try {
    return await Promise.race([result(), fault]);
  } finally {
    await page.close();
  }
}
