/**
 * Worker threads and V8's flags in Node, Deno and Bun. Workers start from src/worker.ts (dist/worker.js) by its URL; they inherit the
 * process's conditions, and get `source` where the sources themselves run without it (a test runner resolves by rules of its own).
 */
import { availableParallelism } from "node:os";
import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { parentPort, Worker, type WorkerOptions } from "node:worker_threads";
import { neverStarted } from "./never-started.ts";
import type { CompileOptions, WorkerHandle, WorkerListener, WorkerPort } from "./platform.ts";

export function startWorker(listener: WorkerListener): WorkerHandle {
  let worker: Worker;
  try {
    worker = new Worker(new URL("../worker.ts", import.meta.url), workerOptions());
  } catch (error) {
    return neverStarted(listener, error);
  }
  worker.unref();
  let ended = false;
  const end = (reason: string): void => {
    if (ended) return;
    ended = true;
    listener.end(reason);
  };
  worker.on("message", (message) => listener.message(message));
  worker.on("messageerror", (error) => {
    end(`a message from it could not be read (${error.message})`);
    void worker.terminate(); // it would go on, and write to what is freed
  });
  worker.on("error", (error) => end(error instanceof Error ? error.message : String(error)));
  worker.on("exit", (code) => end(`exit code ${code}`));
  return {
    post: (message, transfer) => worker.postMessage(message, transfer as ArrayBuffer[]),
    hold: (held) => (held ? worker.ref() : worker.unref()),
    end: () => {
      ended = true;
      void worker.terminate();
    },
  };
}

/**
 * Megabytes of a worker's young generation. V8's own 16 and more are for programs that make many objects; jobs make few, and each worker
 * would keep them.
 */
const youngMegabytes = 2;

function workerOptions(): WorkerOptions {
  if (!isNode) return {};
  return { ...inheritedOptions(), resourceLimits: { maxYoungGenerationSizeMb: youngMegabytes } };
}

/** Workers inherit what Node was started with, but for what is only right for a program's text, which would end them. */
function inheritedOptions(): Pick<WorkerOptions, "execArgv"> {
  const inherited = process.execArgv;
  const conditions = inherited.filter((arg) => /^(--conditions=|-C.)/.test(arg));
  if (import.meta.url.endsWith(".ts") && !/(--conditions[= ]|-C ?)source/.test(inherited.join(" ")))
    return { execArgv: [...conditions, "--conditions=source"] };
  return inherited.some((arg) => arg.startsWith("--input-type")) ? { execArgv: conditions } : {};
}

export function workerPort(): WorkerPort {
  const port = parentPort;
  if (!port) throw new Error("src/worker.ts is started by the pool, as a worker thread");
  return {
    onMessage: (listen) => port.on("message", listen),
    post: (message, transfer) => port.postMessage(message, transfer as ArrayBuffer[]),
  };
}

export function processors(): number {
  return availableParallelism();
}

/** Deno and Bun speak of a `node` version too. */
export const isNode = !("Deno" in globalThis) && !("Bun" in globalThis);

export function peakMemory(): number | undefined {
  return isNode ? process.resourceUsage().maxRSS * 1024 : undefined; // the others count in other units, or not at all
}

/** The first V8 whose revectoriser packs fused multiply-adds: Node 24's. */
const firstPackingV8 = 13;

export function whyNot256(): string | undefined {
  if (!isNode) return "only Node's V8 can be asked to pack vectors";
  if (process.arch !== "x64") return `V8 packs vectors to 256 bits on x64 alone, and this is ${process.arch}`;
  const major = Number.parseInt(process.versions.v8, 10);
  if (!(major >= firstPackingV8)) return `Node ${process.versions.node} cannot: 24 is the first that packs vectors`;
  return undefined;
}

/** V8 does not tell its flags; those that the process was started with stay as they are. */
function startedWith(flag: string): boolean {
  return [...process.execArgv, ...(process.env.NODE_OPTIONS ?? "").split(/\s+/)].includes(flag);
}

/** Baseline code first and functions compiled at their first call: both would leave slow code behind. */
const tiers = ["liftoff", "wasm-lazy-compilation"];

export function compileWasm(bytes: Uint8Array<ArrayBuffer>, { flags, pack256 }: CompileOptions): WebAssembly.Module {
  if (!flags || !isNode) return new WebAssembly.Module(bytes);
  const set = (inside: boolean): void => {
    // An unknown flag is only printed by V8, so none is set that this version may not have.
    if (pack256 && !startedWith("--experimental-wasm-revectorize"))
      setFlagsFromString(inside ? "--experimental-wasm-revectorize" : "--no-experimental-wasm-revectorize");
    for (const tier of tiers)
      if (!startedWith(`--no-${tier}`)) setFlagsFromString(inside ? `--no-${tier}` : `--${tier}`);
  };
  set(true);
  try {
    return new WebAssembly.Module(bytes);
  } finally {
    set(false);
  }
}
