// Headless Chromium with WebGPU on SwiftShader, and the server of the benchmark's page: Vite gives the sources as they are, types stripped,
// and what is made in this process (weights, photos) under /bench-data/.
import { fileURLToPath } from "node:url";
import { type Browser, type Page, chromium as playwright } from "playwright-core";
import { createServer, type Plugin, type ViteDevServer } from "vite";
import { chromium } from "../../tools/chromium-files.ts";
import type { BenchPage } from "./page.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The page's functions, called from here. */
export type RemotePage = { [K in keyof BenchPage]: BenchPage[K] };

export interface BenchBrowser extends AsyncDisposable {
  readonly version: string;
  readonly page: RemotePage;
}

/** `data` gives the bytes of a name below /bench-data/. */
export async function startBrowser(data: (name: string) => Promise<Uint8Array>): Promise<BenchBrowser> {
  const server = await startServer(data);
  let browser: Browser | undefined;
  try {
    browser = await launch();
    return await openPage(browser, server);
  } catch (error) {
    await browser?.close();
    await server.close();
    throw error;
  }
}

async function launch(): Promise<Browser> {
  const { executable, env } = await chromium();
  // SwiftShader needs seconds where a GPU needs milliseconds: the watchdog would take that for a hang.
  const webgpu = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--disable-gpu-watchdog"];
  return playwright.launch({
    executablePath: executable,
    env: { ...process.env, ...env },
    args: ["--no-sandbox", ...webgpu],
  });
}

async function startServer(data: (name: string) => Promise<Uint8Array>): Promise<ViteDevServer> {
  const madeHere: Plugin = {
    name: "bench-data",
    configureServer: ({ middlewares }) => {
      middlewares.use("/bench-data/", (request, response, next) => {
        data((request.url ?? "").slice(1)).then((bytes) => response.end(bytes), next);
      });
    },
  };
  const server = await createServer({
    root,
    configFile: false,
    logLevel: "warn",
    cacheDir: `${root}node_modules/.cache/residual/vite-bench`,
    plugins: [madeHere],
    // onnxruntime-web finds its WebAssembly beside itself, so it stays where it is; the rest is found before the page asks.
    optimizeDeps: { entries: ["bench/webgpu/page.html"], exclude: ["onnxruntime-web"] },
    resolve: { conditions: ["source", "browser", "module", "import", "default"] },
    server: {
      host: "127.0.0.1",
      port: 0,
      hmr: false,
      watch: null,
      // Isolated pages have the finer clock.
      headers: { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" },
    },
  });
  return server.listen();
}

async function openPage(browser: Browser, server: ViteDevServer): Promise<BenchBrowser> {
  const page = await browser.newPage();
  const fault = faultOf(page);
  const orFault = <T>(promise: Promise<T>) => Promise.race([promise, fault]);
  await orFault(page.goto(new URL("bench/webgpu/page.html", server.resolvedUrls?.local[0]).href));
  await orFault(page.waitForFunction(() => "benchPage" in globalThis, undefined, { timeout: 60_000 }));
  return {
    version: browser.version(),
    page: {
      adapter: () => orFault(page.evaluate(() => benchPage.adapter())),
      layers: (model) => orFault(page.evaluate((model) => benchPage.layers(model), model)),
      flops: (model) => orFault(page.evaluate((model) => benchPage.flops(model), model)),
      open: (engine, spec) =>
        orFault(page.evaluate(([engine, spec]) => benchPage.open(engine, spec), [engine, spec] as const)),
      time: (engine) => orFault(page.evaluate((engine) => benchPage.time(engine), engine)),
      close: (engine) => orFault(page.evaluate((engine) => benchPage.close(engine), engine)),
    },
    [Symbol.asyncDispose]: async () => {
      await browser.close();
      await server.close();
    },
  };
}

/** Rejects with whatever goes wrong on the page outside the calls. */
function faultOf(page: Page): Promise<never> {
  const fault = new Promise<never>((_, reject) => {
    page.on("pageerror", reject);
    page.on("crash", () => reject(new Error("the page crashed: out of memory?")));
    page.on("requestfailed", (request) => reject(new Error(`${request.url()}: ${request.failure()?.errorText}`)));
    if (process.env.BENCH_CONSOLE) page.on("console", (message) => console.error(`page: ${message.text()}`));
  });
  fault.catch(() => undefined); // nobody may be waiting when it comes
  return fault;
}
