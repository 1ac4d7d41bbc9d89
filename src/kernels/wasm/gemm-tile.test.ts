import { describe, expect, test } from "vitest";
import { hashSigned } from "../../../test/support/hash-fill.ts";
import { buildFunction } from "../../../test/support/wasm-function.ts";
import { i32 } from "../../asm/scalar.ts";
import { v128 } from "../../asm/simd.ts";
import { type Depth, depthSize, emitGemmTile, multiplyAdd } from "./gemm-tile.ts";
import { storeLanes } from "./lanes.ts";

interface Spec {
  readonly rows: number;
  readonly columns: number;
  readonly depth: Depth;
  /** Numbers between rows of A. */
  readonly pitch: number;
  readonly fused: boolean;
  /** An address for each row, instead of one and a pitch. */
  readonly pointers?: boolean;
}

const atA = 0;
const atB = 16384;
const atC = 49152;

/** C (rows × 8), of which `columns` are written, the others −1. */
function runTile({ rows, columns, depth, pitch, fused, pointers }: Spec): Float32Array {
  const built = buildFunction({ parameters: [] }, (f) => {
    const address = (at: number) => f.let(i32.const(at));
    const rowAddresses = Array.from({ length: pointers ? rows : 1 }, (_, r) => address(atA + 4 * r * pitch));
    const sums = emitGemmTile(f, {
      ...{ rows, columns, depth, multiplyAdd: multiplyAdd(fused), start: () => v128.zero },
      a: pointers ? { rows: rowAddresses } : { first: rowAddresses[0]!, pitch: 4 * pitch },
      b: { first: address(atB), pitch: 32, padded: false },
    });
    const c = address(atC);
    for (const [r, sumsOfRow] of sums.entries())
      for (const [q, sum] of sumsOfRow.entries()) storeLanes(f, c, sum, Math.min(4, columns - 4 * q), 32 * r + 16 * q);
  });
  built.f32.set(hashSigned("a", 4096), atA / 4);
  built.f32.set(hashSigned("b", 8 * depthSize(depth)), atB / 4);
  built.f32.fill(-1, atC / 4, atC / 4 + 64);
  built.call();
  return built.f32.slice(atC / 4, atC / 4 + 8 * rows);
}

/** The offsets in A of k = 0, 1, …: the nest of the depth, walked. */
function offsetsOf({ run, loops }: Depth): number[] {
  const offsets: number[] = [];
  let at = 0;
  const walk = (level: number) => {
    const loop = loops[level];
    if (!loop) {
      for (let k = 0; k < run; k++) offsets.push(at++);
      return;
    }
    for (let i = 0; i < loop.times; i++) {
      walk(level + 1);
      at += loop.skip / 4;
    }
  };
  walk(0);
  return offsets;
}

/** Products rounded to float32, summed in float32 in the order of k: what the kernel does without fused multiply-add. */
function expectedOf({ rows, columns, depth, pitch }: Spec): number[] {
  const a = hashSigned("a", 4096);
  const b = hashSigned("b", 8 * depthSize(depth));
  const offsets = offsetsOf(depth);
  return Array.from({ length: 8 * rows }, (_, i) => {
    const [r, c] = [Math.floor(i / 8), i % 8];
    if (c >= columns) return -1;
    return offsets.reduce(
      (sum, offset, k) => Math.fround(sum + Math.fround(a[r * pitch + offset]! * b[8 * k + c]!)),
      0,
    );
  });
}

const depths: readonly Depth[] = [
  { run: 1, loops: [] },
  { run: 3, loops: [] },
  { run: 16, loops: [] },
  { run: 23, loops: [] },
  { run: 21, loops: [{ times: 7, skip: 40 }] },
  {
    run: 5,
    loops: [
      { times: 3, skip: 200 },
      { times: 2, skip: 12 },
    ],
  },
];

describe.each(depths)("depth $run × $loops.length loops", (depth) => {
  const base = { depth, pitch: 300, fused: false } as const;

  test.each([1, 3, 4, 5, 8])(
    "%i columns: products and sums in the order of k, nothing written beside them",
    (columns) => {
      for (const rows of [1, 2, 6]) {
        const spec = { ...base, rows, columns };
        expect([...runTile(spec)]).toEqual(expectedOf(spec));
        expect(runTile({ ...spec, pointers: true })).toEqual(runTile(spec));
      }
    },
  );

  test("fused: each sum the same bits in every tile", () => {
    const whole = runTile({ ...base, rows: 6, columns: 8, fused: true });
    for (const [rows, columns] of [
      [1, 8],
      [5, 8],
      [6, 3],
      [2, 6],
    ] as const) {
      const part = runTile({ ...base, rows, columns, fused: true });
      for (let r = 0; r < rows; r++)
        expect(part.subarray(8 * r, 8 * r + columns)).toEqual(whole.subarray(8 * r, 8 * r + columns));
    }
  });
});
