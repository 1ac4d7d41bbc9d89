/**
 * Whether this engine packs vectors to 256 bits: V8's revectoriser is asked for, on a small matrix product, and its numbers compared
 * bit for bit with those of the plain code, and its speed. Only in a worker thread: it computes for some 10 milliseconds.
 */
import { compileWasm, whyNot256 } from "#platform";
import { FunctionBuilder } from "../../asm/function-builder.ts";
import { repeatTimes } from "../../asm/loops.ts";
import { ModuleBuilder } from "../../asm/module-builder.ts";
import { i32 } from "../../asm/scalar.ts";
import { v128 } from "../../asm/simd.ts";
import { emitGemmTile, multiplyAdd } from "../../kernels/wasm/gemm-tile.ts";

export interface WideAnswer {
  readonly wide: boolean;
  /** Why not, for people. */
  readonly reason?: string;
}

/** Packed code does twice as many numbers at a time; less than this is the same code, or a busy machine: then it is tried again. */
const leastGain = 1.3;
const mostRounds = 20;
const [rows, columns, depth, tiles] = [6, 16, 256, 1000];
const [atA, atB, atC] = [0, 4 * rows * depth, 4 * (rows + columns) * depth];

export function measureWide(): WideAnswer {
  const reason = whyNot256();
  if (reason !== undefined) return { wide: false, reason };
  const [plain, packed] = [probe(false), probe(true)];
  if (plain.numbers().some((number, i) => number !== packed.numbers()[i]))
    return { wide: false, reason: "the engine's packed code gives other numbers" };
  let [slow, fast] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < mostRounds && (round < 3 || slow / fast < leastGain); round++) {
    slow = Math.min(slow, plain.milliseconds());
    fast = Math.min(fast, packed.milliseconds());
  }
  if (slow / fast >= leastGain) return { wide: true };
  return { wide: false, reason: `the engine's packed code is no faster (${(slow / fast).toFixed(2)} times)` };
}

/** C (6 × 16) = A (6 × 256) · B (256 × 16), as kernels do it. */
function probe(pack256: boolean): { numbers(): Uint32Array; milliseconds(): number } {
  const f = new FunctionBuilder({ parameters: ["i32"] });
  const [times] = f.i32Parameters();
  repeatTimes(f, times!, () => {
    const sums = emitGemmTile(f, {
      ...{ rows, columns, depth: { run: depth, loops: [] }, multiplyAdd: multiplyAdd(true), start: () => v128.zero },
      a: { first: f.let(i32.const(atA)), pitch: 4 * depth },
      b: { first: f.let(i32.const(atB)), pitch: 4 * columns, padded: false },
    });
    const c = f.let(i32.const(atC));
    // The high half first: so the engine finds the pairs.
    sums.forEach((row, r) => {
      for (let q = row.length - 1; q >= 0; q--) f.store(c, row[q]!, 4 * (r * columns + 4 * q));
    });
  });
  const module = new ModuleBuilder({ memory: { module: "env", name: "memory", initial: 1 } });
  module.addFunction(f, { export: "probe" });
  // The engine keeps code by the module's bytes, whatever the flags were.
  module.addCustomSection("simd", [pack256 ? 1 : 0, 0]);
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { exports } = new WebAssembly.Instance(compileWasm(module.toBytes(), { flags: true, pack256 }), {
    env: { memory },
  });
  const run = exports.probe as (times: number) => void;
  const numbers = new Float32Array(memory.buffer);
  for (let i = 0; i < atC / 4; i++) numbers[i] = ((Math.imul(i, 2654435761) >>> 8) & 0xffff) / 65536 - 0.5;
  run(1);
  return {
    numbers: () => new Uint32Array(memory.buffer, atC, rows * columns),
    milliseconds: () => {
      const start = performance.now();
      run(tiles);
      return performance.now() - start;
    },
  };
}
