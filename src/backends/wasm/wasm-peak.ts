/**
 * The most that a thread of this engine can multiply and add: sums that stay in registers, nothing loaded, nothing stored but at the end. What
 * kernels reach is measured against it (inspect/bench-model.ts).
 */
import { compileWasm } from "#platform";
import { FunctionBuilder } from "../../asm/function-builder.ts";
import { repeatTimes } from "../../asm/loops.ts";
import { ModuleBuilder } from "../../asm/module-builder.ts";
import { v128 } from "../../asm/simd.ts";
import type { WasmCapabilities } from "../../kernels/op.ts";
import { multiplyAdd } from "../../kernels/wasm/gemm-tile.ts";
import type { PeakReply } from "./wasm-protocol.ts";

/** Sums at once: enough to hide a multiply-add's latency, and no more than there are registers. */
const rows = 6;
const turns = 200_000;
/** So long that threads that begin a little apart, or share a core, do most of it together. */
const milliseconds = 100;

/** What this thread did and when; a multiply-add counted as two. */
export function measurePeak({ relaxedSimd, simd }: WasmCapabilities, flags: boolean): PeakReply {
  const quads = simd === 256 ? 4 : 2; // two vectors a row
  const f = new FunctionBuilder({ parameters: ["i32"] });
  const [times] = f.i32Parameters();
  const fma = multiplyAdd(relaxedSimd);
  const weights = Array.from({ length: quads }, (_, q) => f.let(v128.load(64, 16 * q)));
  const factor = f.let(v128.load32Splat(0));
  const sums = Array.from({ length: rows }, () => weights.map((weight) => f.let(weight)));
  repeatTimes(f, times!, () => {
    // sums[r][q] = factor · weights[q] + sums[r][q]
    for (const row of sums) for (const [q, sum] of row.entries()) f.set(sum, fma(factor, weights[q]!, sum));
  });
  sums.forEach((row, r) => {
    for (let q = row.length - 1; q >= 0; q--) f.store(1024, row[q]!, 16 * (r * quads + q));
  });
  const module = new ModuleBuilder({ memory: { module: "env", name: "memory", initial: 1 } });
  module.addFunction(f, { export: "peak" });
  module.addCustomSection("simd", [simd === 256 ? 1 : 0, 2]);
  const memory = new WebAssembly.Memory({ initial: 1 });
  new Float32Array(memory.buffer, 0, 64).fill(0.5);
  const compiled = compileWasm(module.toBytes(), { flags, pack256: simd === 256 });
  const peak = new WebAssembly.Instance(compiled, { env: { memory } }).exports.peak as (times: number) => void;
  peak(turns); // once, so that what follows is the engine's best code
  const clock = (): number => performance.timeOrigin + performance.now();
  const start = clock();
  let rounds = 0;
  for (; clock() - start < milliseconds; rounds++) peak(turns);
  return { flops: 2 * 4 * rows * quads * turns * rounds, start, end: clock() };
}
