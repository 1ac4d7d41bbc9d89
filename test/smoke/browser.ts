// Headless Chromium for the smoke test. Vite serves the sources as they are, types stripped, with the conditions
// `source` and `browser`; so `#platform` is src/platform/browser.ts, as in a bundle that a user makes.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, chromium as playwright } from "playwright-core";
import { createServer, type Plugin, type ViteDevServer } from "vite";
import { chromium } from "../../tools/chromium-files.ts";
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

export interface BrowserRuntime {
  version: string;
  run(device: Device, photos: string[]): Promise<SmokeResult>;
  close(): Promise<void>;
}

/** Starts a server on the loopback interface and a browser with WebGPU on SwiftShader. */
export async function startBrowser(): Promise<BrowserRuntime> {
  const server = await startServer();
  const { executable, env } = await chromium();
  let browser: Browser;
  try {
    browser = await playwright.launch({
      executablePath: executable,
      env: { ...process.env, ...env },
      args: ["--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"],
    });
  } catch (error) {
    await server.close();
    throw error;
  }
  return {
    version: browser.version(),
    run: (device, photos) => runPage(browser, server, device, photos),
    close: async () => {
      await browser.close();
      await server.close();
    },
  };
}

async function startServer(): Promise<ViteDevServer> {
  const server = await createServer({
    root,
    configFile: false,
    logLevel: "warn",
    cacheDir: `${root}node_modules/.cache/residual/vite`,
    plugins: [importMap],
    optimizeDeps: { entries: ["test/smoke/page.html"] }, // found before the page asks: nothing is reloaded on the way
    resolve: { conditions: ["source", "browser", "module", "import", "default"] },
    server: {
      host: "127.0.0.1",
      port: 0,
      hmr: false,
      watch: null,
      headers: { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" },
    },
  });
  return server.listen();
}

/** Opens the page anew for each run; whatever goes wrong in it ends the run with what the page said. */
async function runPage(
  browser: Browser,
  server: ViteDevServer,
  device: Device,
  photos: string[],
): Promise<SmokeResult> {
  const page = await browser.newPage();
  const fault = new Promise<never>((_, reject) => {
    page.on("pageerror", reject);
    page.on("requestfailed", (request) => reject(new Error(`${request.url()}: ${request.failure()?.errorText}`)));
    page.on("response", (response) => {
      if (!response.ok()) reject(new Error(`${response.url()}: status ${response.status()}`));
    });
  });
  const result = async () => {
    await page.goto(new URL("test/smoke/page.html", server.resolvedUrls?.local[0]).href);
    await page.waitForFunction(() => "runSmoke" in globalThis, undefined, { timeout: 30_000 });
    return page.evaluate(([device, photos]) => runSmoke(device, photos), [device, photos] as const);
  };
  try {
    return await Promise.race([result(), fault]);
  } finally {
    await page.close();
  }
}
