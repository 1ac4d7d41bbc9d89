// The benchmark's page in headless Chromium; what is made in this process (weights, photos) is served under /bench-data/.
import type { Plugin } from "vite";
import { faultOf, openSourcePages, type SourcePages } from "../../tools/source-pages.ts";
import type { BenchPage } from "./page.ts";

/** The page's functions, called from here. */
export type RemotePage = { [K in keyof BenchPage]: BenchPage[K] };

export interface BenchBrowser extends AsyncDisposable {
  readonly version: string;
  readonly page: RemotePage;
}

/** `data` gives the bytes of a name below /bench-data/. */
export async function startBrowser(data: (name: string) => Promise<Uint8Array>): Promise<BenchBrowser> {
  const madeHere: Plugin = {
    name: "bench-data",
    configureServer: ({ middlewares }) => {
      middlewares.use("/bench-data/", (request, response, next) => {
        data((request.url ?? "").slice(1)).then((bytes) => response.end(bytes), next);
      });
    },
  };
  const pages = await openSourcePages({
    cache: "vite-bench",
    plugins: [madeHere],
    // onnxruntime-web finds its WebAssembly beside itself, so it stays where it is.
    optimizeDeps: { entries: ["bench/webgpu/page.html"], exclude: ["onnxruntime-web"] },
    // SwiftShader needs seconds where a GPU needs milliseconds: the watchdog would take that for a hang.
    flags: ["--disable-gpu-watchdog"],
  });
  try {
    return await openPage(pages);
  } catch (error) {
    await pages[Symbol.asyncDispose]();
    throw error;
  }
}

async function openPage(pages: SourcePages): Promise<BenchBrowser> {
  const page = await pages.browser.newPage();
  if (process.env.BENCH_CONSOLE) page.on("console", (message) => console.error(`page: ${message.text()}`));
  const fault = faultOf(page);
  const orFault = <T>(promise: Promise<T>) => Promise.race([promise, fault]);
  await orFault(page.goto(pages.urlOf("bench/webgpu/page.html")));
  await orFault(page.waitForFunction(() => "benchPage" in globalThis, undefined, { timeout: 60_000 }));
  return {
    version: pages.browser.version(),
    page: {
      adapter: () => orFault(page.evaluate(() => benchPage.adapter())),
      layers: (model) => orFault(page.evaluate((model) => benchPage.layers(model), model)),
      flops: (model) => orFault(page.evaluate((model) => benchPage.flops(model), model)),
      open: (engine, spec) =>
        orFault(page.evaluate(([engine, spec]) => benchPage.open(engine, spec), [engine, spec] as const)),
      time: (engine) => orFault(page.evaluate((engine) => benchPage.time(engine), engine)),
      close: (engine) => orFault(page.evaluate((engine) => benchPage.close(engine), engine)),
    },
    [Symbol.asyncDispose]: () => pages[Symbol.asyncDispose](),
  };
}
