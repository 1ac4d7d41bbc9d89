/** Worker threads in browsers. */
import { neverStarted } from "./never-started.ts";
import type { CompileOptions, WorkerHandle, WorkerListener, WorkerPort } from "./platform.ts";
import type { FromWorker, ToWorker } from "./worker-protocol.ts";

export function startWorker(listener: WorkerListener): WorkerHandle {
  let worker: Worker;
  try {
    // In one expression, which is how bundlers find it.
    worker = new Worker(new URL("../worker.ts", import.meta.url), { type: "module" });
  } catch (error) {
    return neverStarted(listener, error); // a script of another origin, or one that the page's policy forbids
  }
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => listener.message(data);
  worker.onmessageerror = () => {
    worker.terminate(); // it would go on, and write to what is freed
    listener.end("a message from it could not be read");
  };
  worker.onerror = (event) => {
    event.preventDefault();
    worker.terminate();
    listener.end(event.message || "it could not be loaded");
  };
  return {
    post: (message, transfer) => worker.postMessage(message, [...transfer]),
    hold: () => undefined, // pages live as long as they like
    end: () => worker.terminate(),
  };
}

/** What a worker's global scope has that a page's has not. */
interface WorkerScope {
  postMessage(message: unknown, transfer: readonly Transferable[]): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
}

export function workerPort(): WorkerPort {
  const scope = globalThis as object as WorkerScope;
  return {
    onMessage: (listen) => {
      scope.onmessage = ({ data }) => listen(data);
    },
    post: (message, transfer) => scope.postMessage(message, transfer),
  };
}

export function processors(): number {
  return globalThis.navigator?.hardwareConcurrency ?? 1;
}

export function peakMemory(): undefined {}

export function whyNot256(): string | undefined {
  return "browsers do not say whether they pack vectors, and cannot be asked to";
}

export function compileWasm(bytes: Uint8Array<ArrayBuffer>, _options: CompileOptions): WebAssembly.Module {
  return new WebAssembly.Module(bytes);
}
