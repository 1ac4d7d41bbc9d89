// The smoke test's page in headless Chromium.
import { faultOf, openSourcePages, type SourcePages } from "../../tools/source-pages.ts";
import { importMap } from "./import-map.ts";
import type { Device, SmokeResult } from "./smoke.ts";

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
