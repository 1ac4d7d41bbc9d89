// Pages of this checkout in a headless Chromium with WebGPU on SwiftShader. Vite serves the sources as they are, types stripped, with the
// conditions `source` and `browser`; so `#platform` is src/platform/browser.ts, as in a bundle that a user makes. Pages are cross-origin
// isolated, unless told: they may share memory, and have the finer clock.
import { fileURLToPath } from "node:url";
import { type Browser, type Page, chromium as playwright } from "playwright-core";
import { createServer, type InlineConfig, type ViteDevServer } from "vite";
import { chromium } from "./chromium-files.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

export interface SourcePagesOptions {
  /** A folder of its own for what Vite prepares: its name in the cache. */
  readonly cache: string;
  readonly plugins: InlineConfig["plugins"];
  /** Which packages Vite prepares before a page asks, so that nothing is reloaded on the way. */
  readonly optimizeDeps: InlineConfig["optimizeDeps"];
  /** False: served as most sites are, so that pages cannot share memory with their workers. */
  readonly isolated?: boolean;
  /** Chromium's flags beside those for WebGPU. */
  readonly flags?: readonly string[];
}

export interface SourcePages extends AsyncDisposable {
  readonly browser: Browser;
  /** Where a file of the checkout is served: `test/smoke/page.html`. */
  urlOf(path: string): string;
}

/** Starts the server, on the loopback interface, and the browser. */
export async function openSourcePages(options: SourcePagesOptions): Promise<SourcePages> {
  const server = await startServer(options);
  try {
    const browser = await launch(options.flags ?? []);
    return {
      browser,
      urlOf: (path) => new URL(path, server.resolvedUrls?.local[0]).href,
      [Symbol.asyncDispose]: async () => {
        await browser.close();
        await server.close();
      },
    };
  } catch (error) {
    await server.close();
    throw error;
  }
}

async function launch(flags: readonly string[]): Promise<Browser> {
  const { executable, env } = await chromium();
  return playwright.launch({
    executablePath: executable,
    env: { ...process.env, ...env },
    args: ["--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", ...flags],
  });
}

async function startServer({
  cache,
  plugins,
  optimizeDeps,
  isolated = true,
}: SourcePagesOptions): Promise<ViteDevServer> {
  const server = await createServer({
    root,
    configFile: false,
    logLevel: "warn",
    cacheDir: `${root}node_modules/.cache/residual/${cache}`,
    plugins,
    optimizeDeps,
    resolve: { conditions: ["source", "browser", "module", "import", "default"] },
    server: {
      host: "127.0.0.1",
      port: 0,
      hmr: false,
      watch: null,
      headers: isolated
        ? { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" }
        : {},
    },
  });
  return server.listen();
}

/** Rejects with whatever goes wrong on a page outside the calls into it; nobody need wait for it. */
export function faultOf(page: Page): Promise<never> {
  const fault = new Promise<never>((_, reject) => {
    page.on("pageerror", reject);
    page.on("crash", () => reject(new Error("the page crashed: out of memory?")));
    page.on("requestfailed", (request) => reject(new Error(`${request.url()}: ${request.failure()?.errorText}`)));
    page.on("response", (response) => {
      if (!response.ok()) reject(new Error(`${response.url()}: status ${response.status()}`));
    });
  });
  fault.catch(() => undefined);
  return fault;
}
