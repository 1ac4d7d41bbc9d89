/**
 * The WebAssembly backend: plans graphs for the engine at hand, has their kernels emitted and compiled, and runs them on the caller's
 * thread. One memory a model: its packed weights and the arenas of its sessions. No mathematics here.
 *
 * Denormal numbers make x64 a hundred times slower and WebAssembly cannot flush them: weights are flushed as they are packed
 * (kernels/wasm/pack.ts); activations are not looked at.
 */
import { compileGraph, formatCompiled } from "../../graph/compile.ts";
import type { Graph } from "../../graph/graph.ts";
import type { WasmCapabilities } from "../../kernels/op.ts";
import { wasmTarget } from "../../kernels/target.ts";
import type { Backend, BackendCounters, DeviceInfo, PrepareOptions, Resident, Session } from "../backend.ts";
import { describeWasm, probeWasm } from "./wasm-capabilities.ts";
import { emitModule, ModuleCache } from "./wasm-module.ts";
import { WasmResident } from "./wasm-resident.ts";
import { WasmSession } from "./wasm-session.ts";

/**
 * Opens WebAssembly. `capabilities`: plan for an engine that can do less than this one (tests).
 * Throws DeviceError when there is no WebAssembly with 128-bit SIMD.
 */
export async function openWasmBackend(
  options: { readonly capabilities?: WasmCapabilities } = {},
): Promise<WasmBackend> {
  const found = probeWasm();
  return new WasmBackend(options.capabilities ?? found);
}

export class WasmBackend implements Backend {
  readonly info: DeviceInfo;
  readonly capabilities: WasmCapabilities;
  readonly #modules = new ModuleCache();
  readonly #residents = new Set<WasmResident>();
  /** Blocks that disposed residents had allocated. */
  #allocatedBefore = 0;

  constructor(capabilities: WasmCapabilities) {
    this.capabilities = capabilities;
    this.info = { device: "wasm", description: describeWasm(capabilities) };
  }

  createResident(): Resident {
    const resident = new WasmResident((disposed, allocated) => {
      this.#residents.delete(disposed);
      this.#allocatedBefore += allocated;
    });
    this.#residents.add(resident);
    return resident;
  }

  async prepare(graph: Graph, resident: Resident, options: PrepareOptions): Promise<Session> {
    if (!(resident instanceof WasmResident) || !this.#residents.has(resident))
      throw new Error("the resident weights are another backend's, or disposed");
    const { maxBatch, overrides, signal } = options;
    if (!Number.isSafeInteger(maxBatch) || maxBatch < 1)
      throw new RangeError(`prepare: maxBatch is ${maxBatch}; expected a whole number of at least 1`);
    const compiled = compileGraph(graph, wasmTarget(this.capabilities), { overrides });
    const { plan } = compiled;
    const { bytes, functions } = emitModule(plan);
    const module = await this.#modules.compile(bytes);
    await resident.pack(plan.weights, signal);
    signal?.throwIfAborted();
    return new WasmSession({ plan, describe: () => formatCompiled(compiled), module, functions, resident, maxBatch });
  }

  counters(): BackendCounters {
    const heaps = [...this.#residents].map(({ heap }) => heap);
    return {
      compiled: this.#modules.compiled,
      allocated: heaps.reduce((sum, heap) => sum + heap.allocated, this.#allocatedBefore),
      liveBuffers: heaps.reduce((sum, heap) => sum + heap.liveBlocks, 0),
      liveBytes: heaps.reduce((sum, heap) => sum + heap.liveBytes, 0),
    };
  }

  dispose(): void {
    for (const resident of [...this.#residents]) resident.dispose();
    this.#modules.clear();
  }
}
