/** One emitted function, compiled and ready to call, over a memory of its own: what tests of the assembler work with. */
import { FunctionBuilder, type Signature } from "../../src/asm/function-builder.ts";
import { ModuleBuilder } from "../../src/asm/module-builder.ts";

export interface BuiltFunction {
  readonly call: (...operands: number[]) => number | undefined;
  readonly f32: Float32Array;
  readonly i32: Int32Array;
  readonly u8: Uint8Array;
}

/** Builds, validates (the engine does) and instantiates; the memory is one page. */
export function buildFunction(signature: Signature, emit: (f: FunctionBuilder) => void): BuiltFunction {
  const f = new FunctionBuilder(signature);
  emit(f);
  const module = new ModuleBuilder({ memory: { module: "env", name: "memory", initial: 1 } });
  module.addFunction(f, { export: "run" });
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()), { env: { memory } });
  const { buffer } = memory;
  return {
    call: exports.run as BuiltFunction["call"],
    f32: new Float32Array(buffer),
    i32: new Int32Array(buffer),
    u8: new Uint8Array(buffer),
  };
}
