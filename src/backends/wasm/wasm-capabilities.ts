/** What this WebAssembly engine can do, found out by trying. */
import { FunctionBuilder } from "../../asm/function-builder.ts";
import { ModuleBuilder } from "../../asm/module-builder.ts";
import { f32x4, v128 } from "../../asm/simd.ts";
import type { V128 } from "../../asm/value.ts";
import { DeviceError } from "../../errors.ts";
import type { WasmCapabilities } from "../../kernels/op.ts";

/** Throws DeviceError when the engine has no 128-bit SIMD, without which there are no kernels. */
export function probeWasm(): Pick<WasmCapabilities, "relaxedSimd"> {
  if (typeof WebAssembly === "undefined")
    throw new DeviceError('device "wasm": this runtime has no WebAssembly; use --device reference');
  if (!WebAssembly.validate(probeModule((a, b, c) => f32x4.add(f32x4.mul(a, b), c))))
    throw new DeviceError(
      'device "wasm": this WebAssembly engine has no 128-bit SIMD; Node 16.4, Chrome 91, Firefox 89 and Safari 16.4 are the first that do',
    );
  return { relaxedSimd: hasFusedMultiplyAdd() };
}

/** For people and for a vector's record: with and without fused multiply-add the last bits differ. */
export function describeWasm({ relaxedSimd, simd, threads }: WasmCapabilities): string {
  const vectors = simd === 256 ? "SIMD packed to 256 bits" : "SIMD128";
  const sums = relaxedSimd ? "fused multiply-add" : "no fused multiply-add";
  return `WebAssembly ${vectors}, ${sums}, ${threads} ${threads === 1 ? "thread" : "threads"}`;
}

/**
 * Relaxed SIMD's multiply-add may round once or twice, as the CPU likes it. Asks with numbers that tell: (1 + 2^-13)² is
 * 1 + 2^-12 + 2^-26, whose last term is lost where the product is rounded.
 */
function hasFusedMultiplyAdd(): boolean {
  const bytes = probeModule(f32x4.relaxedMadd);
  if (!WebAssembly.validate(bytes)) return false;
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  const numbers = new Float32Array(memory.buffer, 0, 12);
  numbers.fill(1 + 2 ** -13, 0, 8);
  numbers.fill(-(1 + 2 ** -12), 8, 12);
  (exports.probe as () => void)();
  return numbers[0] === 2 ** -26;
}

/** probe(): memory[0…15] = combine(memory[0…15], memory[16…31], memory[32…47]) */
function probeModule(combine: (a: V128, b: V128, c: V128) => V128): Uint8Array<ArrayBuffer> {
  const f = new FunctionBuilder({ parameters: [] });
  f.store(0, combine(v128.load(0), v128.load(16), v128.load(32)));
  const module = new ModuleBuilder({ memory: { module: "env", name: "memory", initial: 1 } });
  module.addFunction(f, { export: "probe" });
  return module.toBytes();
}
