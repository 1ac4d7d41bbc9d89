/** The calls of the backend to its half in the worker threads (wasm-job.ts), each with what it takes and gives. */
import type { Moved } from "../../platform/worker-job.ts";
import { workerPool } from "../../platform/worker-pool.ts";
import type * as protocol from "./wasm-protocol.ts";
import type { WideAnswer } from "./wasm-wide.ts";

export interface WasmCalls {
  load: { readonly data: object; readonly reply: undefined };
  probe: { readonly data: object; readonly reply: WideAnswer };
  peak: { readonly data: protocol.PeakRequest; readonly reply: protocol.PeakReply };
  memory: { readonly data: protocol.MemoryRequest; readonly reply: undefined };
  plan: { readonly data: protocol.PlanRequest; readonly reply: protocol.PlannedSession | undefined };
  pack: { readonly data: protocol.PackRequest; readonly reply: undefined };
  open: { readonly data: protocol.OpenRequest; readonly reply: undefined };
  run: { readonly data: protocol.RunRequest; readonly reply: protocol.RunReply };
  close: { readonly data: { readonly session: number }; readonly reply: undefined };
  forget: { readonly data: { readonly backend: number }; readonly reply: undefined };
}

export function callWasm<Method extends keyof WasmCalls>(
  thread: number,
  method: Method,
  data: WasmCalls[Method]["data"],
  more: {
    readonly transfer?: readonly Transferable[];
    readonly answer?: (question: unknown) => Promise<Moved>;
  } = {},
): Promise<WasmCalls[Method]["reply"]> {
  return workerPool.send(thread, { job: "wasm", method, data, ...more });
}

/** To every thread, without waiting: one that is gone needs not be told. */
export function tellThreads<Method extends "close" | "forget">(
  threads: number,
  method: Method,
  data: WasmCalls[Method]["data"],
): void {
  for (let thread = 0; thread < threads; thread++) callWasm(thread, method, data).catch(() => undefined);
}
