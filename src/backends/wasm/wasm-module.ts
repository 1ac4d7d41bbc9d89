/** From a plan's stages to one compiled module: each different function once, however many steps call it. */
import { FunctionBuilder } from "../../asm/function-builder.ts";
import { ModuleBuilder } from "../../asm/module-builder.ts";
import { DeviceError } from "../../errors.ts";
import type { Plan } from "../../graph/plan.ts";
import type { WasmCapabilities, WasmStage } from "../../kernels/op.ts";
import { maximumPages } from "./wasm-heap.ts";

export interface PlannedModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Exported function of each stage, by step. */
  readonly functions: readonly (readonly string[])[];
}

/** What the module is for: engines keep code by a module's bytes, so what it is compiled to stands in them. */
export interface ModuleOptions {
  /** Whether its memory is one over a SharedArrayBuffer. */
  readonly shared: boolean;
  readonly capabilities: Pick<WasmCapabilities, "simd">;
}

/** The imported memory is `env.memory`. */
export function emitModule(plan: Plan<WasmStage>, { shared, capabilities }: ModuleOptions): PlannedModule {
  const sharing = shared ? { shared, maximum: maximumPages } : {};
  const module = new ModuleBuilder({ memory: { module: "env", name: "memory", initial: 1, ...sharing } });
  module.addCustomSection("simd", [capabilities.simd === 256 ? 1 : 0]);
  const known = new Map<string, string>();
  const emitted = new Map<WasmStage, string>();
  const functions = plan.steps.map((step) =>
    step.stages.map((stage) => {
      const before = emitted.get(stage);
      if (before !== undefined) return before;
      const f = new FunctionBuilder({ parameters: [...stage.arguments, "begin", "end"].map(() => "i32" as const) });
      stage.emit(f);
      const body = f.finish();
      const key = `${stage.arguments.length}:${textOf(body)}`;
      const name = known.get(key) ?? `${stage.name}#${known.size}`;
      if (!known.has(key)) {
        module.addBody(f.signature, body, { export: name });
        known.set(key, name);
      }
      emitted.set(stage, name);
      return name;
    }),
  );
  return { bytes: module.toBytes(), functions };
}

/** Compiled modules by their bytes: sessions of one graph share one, whatever their batch. */
export class ModuleCache {
  readonly #modules = new Map<string, WebAssembly.Module>();
  readonly #limit = 64;

  /** `compiled`: whether it was compiled for this call. Throws DeviceError where the engine refuses it. */
  compile(
    bytes: Uint8Array<ArrayBuffer>,
    compile: (bytes: Uint8Array<ArrayBuffer>) => WebAssembly.Module,
  ): { readonly module: WebAssembly.Module; readonly compiled: boolean } {
    const key = textOf(bytes);
    const known = this.#modules.get(key);
    const module = known ?? compiledBy(compile, bytes);
    // To the end of the map: the least recently used go first.
    this.#modules.delete(key);
    this.#modules.set(key, module);
    for (const oldest of this.#modules.keys()) {
      if (this.#modules.size <= this.#limit) break;
      this.#modules.delete(oldest);
    }
    return { module, compiled: known === undefined };
  }
}

function compiledBy(
  compile: (bytes: Uint8Array<ArrayBuffer>) => WebAssembly.Module,
  bytes: Uint8Array<ArrayBuffer>,
): WebAssembly.Module {
  try {
    return compile(bytes);
  } catch (cause) {
    throw new DeviceError(`device "wasm": the engine refuses a kernel: ${(cause as Error).message}`, { cause });
  }
}

/** One character a byte: a key that tells any two apart. */
function textOf(bytes: ArrayLike<number>): string {
  const chunks: string[] = [];
  for (let i = 0; i < bytes.length; i += 4096)
    chunks.push(String.fromCharCode(...Array.prototype.slice.call(bytes, i, i + 4096)));
  return chunks.join("");
}
