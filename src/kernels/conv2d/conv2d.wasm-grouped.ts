/**
 * conv2d in WebAssembly with groups of four or eight channels, ResNeXt's narrow ones. gemm would give each group panels of its own, which
 * at four columns fill half a vector. Here a unit is eight neighbouring output channels, one or two groups; a tile is up to 12 pixels of
 * one row by a unit, whose window lies at known distances from its first pixel, so that only one address walks along. A piece is a row of
 * the output; in it the loops are tile, unit, ky, kx, with the channels unrolled. Sums run as gemm's do, and have the same bits.
 */
import type { FunctionBuilder } from "../../asm/function-builder.ts";
import { forRange, increment, repeatTimes } from "../../asm/loops.ts";
import { i32 } from "../../asm/scalar.ts";
import { f32x4, v128 } from "../../asm/simd.ts";
import type { Local, V128 } from "../../asm/value.ts";
import type { FloatArray } from "../../tensor/dtype.ts";
import { constant, input, output, scratch } from "../argument.ts";
import type { PackedConstant, WasmStage, WasmVariant } from "../op.ts";
import { type MultiplyAdd, multiplyAdd } from "../wasm/gemm-tile.ts";
import { flushDenormals } from "../wasm/pack.ts";
import { divide, rowTiles } from "../wasm/row-tiles.ts";
import { type Conv2dProblem, conv2dDepth, residualIndex, residualInPlace } from "./conv2d.problem.ts";
import { gemmSumOrder } from "./conv2d.wasm-gemm.ts";
import { sourceOf, wantedBorder } from "./conv2d.wasm-geometry.ts";
import { padStage } from "./conv2d.wasm-pad.ts";

type I32 = Local<"i32">;

/** Output channels of a unit: a vector of 256 bits, or two of 128. */
const unit = 8;

function grouped(fused: boolean): WasmVariant<Conv2dProblem> {
  return {
    id: fused ? "conv2d.wasm-grouped-fused" : "conv2d.wasm-grouped",
    way: "direct",
    sumOrder: gemmSumOrder(fused),
    accepts: (p, { relaxedSimd }) => {
      if (fused && !relaxedSimd) return "this engine has no fused multiply-add";
      const channels = p.channels / p.groups;
      if (p.groups === 1) return "it has no groups";
      if (p.channels !== p.outChannels || (channels !== 4 && channels !== 8))
        return "its groups are not of 4 or 8 channels";
      return p.channels % unit === 0 || `its channels are no multiple of ${unit}`;
    },
    layouts: (p) => ({ inputs: p.residual ? ["nhwc", "nhwc"] : ["nhwc"], output: "nhwc" }),
    overwrites: residualInPlace,
    borders: (p) => ({ wanted: wantedBorder(p), reads: true, writes: false }),
    constants: (p) => [packedUnits(p)],
    scratch: (p) => {
      const source = sourceOf(p);
      return source.copied ? [source.height * source.width * p.channels] : [];
    },
    stages: (p, _, { simd }) => {
      const source = sourceOf(p);
      return [...(source.copied ? [padStage(p, { source })] : []), groupedStage(p, { source, simd, fused })];
    },
  };
}

export const conv2dWasmGroupedFused: WasmVariant<Conv2dProblem> = grouped(true);
export const conv2dWasmGrouped: WasmVariant<Conv2dProblem> = grouped(false);

interface Way {
  readonly source: ReturnType<typeof sourceOf>;
  readonly simd: 128 | 256;
  readonly fused: boolean;
}

/** [unit][bias, then ky, kx, c][column] from weight (O, C/groups, KH, KW) and bias (O). */
function packedUnits(p: Conv2dProblem): PackedConstant {
  const depth = conv2dDepth(p);
  const channels = p.channels / p.groups;
  const positions = p.kernel[0] * p.kernel[1];
  const ofGroup = new Float32Array(channels * (1 + depth));
  const write = ([weight, bias]: readonly FloatArray[], out: Float32Array) => {
    for (let first = 0; first < p.outChannels; first += channels) {
      ofGroup.fill(0);
      for (let o = 0; o < channels; o++) {
        if (bias) ofGroup[o] = bias[first + o]!;
        for (let position = 0; position < positions; position++)
          for (let c = 0; c < channels; c++)
            ofGroup[channels * (1 + position * channels + c) + o] =
              weight![(first + o) * depth + c * positions + position]!;
      }
      flushDenormals(ofGroup);
      const at = Math.floor(first / unit) * unit * (1 + depth) + (first % unit);
      for (let k = 0; k <= depth; k++) out.set(ofGroup.subarray(k * channels, (k + 1) * channels), at + k * unit);
    }
  };
  const elements = p.outChannels * (1 + depth);
  return { operands: p.bias ? [1, 2] : [1], elements, recipe: `groups ${p.groups}, units of ${unit}`, write };
}

/** x (repeat, H, W, C), in its border, or its padded copy → y (repeat, OH, OW, O). */
function groupedStage(p: Conv2dProblem, way: Way): WasmStage {
  const { source, simd } = way;
  const pairs = simd === 256;
  const tiles = rowTiles(p.outWidth, pairs ? (p.channels / p.groups === 4 ? 8 : 12) : 6);
  const pixel = 4 * p.channels;
  return {
    name: "conv2d.grouped",
    pieces: (repeats) => repeats * p.outHeight,
    arguments: [
      source.copied ? scratch(0) : input(0),
      constant(0),
      p.residual ? input(residualIndex(p)) : output,
      output,
    ],
    emit: (f) => {
      const [x, weights, residual, y, begin, end] = f.i32Parameters() as [I32, I32, I32, I32, I32, I32];
      const context = { f, p, way, multiplyAdd: multiplyAdd(way.fused), toResidual: f.let(i32.sub(residual, y)) };
      forRange(f, { from: begin, to: end }, (piece) => {
        const [image, row] = divide(f, piece, p.outHeight);
        const sourceRow = i32.mul(image, source.height);
        const firstRow = row ? i32.add(sourceRow, i32.mul(row, p.stride[0])) : sourceRow;
        const first = i32.add(i32.mul(firstRow, source.width * pixel), source.origin * pixel);
        const at = {
          x: f.let(i32.add(x, first)),
          y: f.let(i32.add(y, i32.mul(piece, p.outWidth * pixel))),
        };
        const ofSize = (pixels: number, count: number) =>
          repeatTimes(f, count === 0 ? 0 : f.let(i32.mul(i32.ltS(piece, end), count)), () => {
            const cursors = { x: f.let(at.x), y: f.let(at.y), weights: f.let(weights) };
            repeatTimes(f, p.channels / unit, () => {
              emitTile(context, cursors, pixels);
              increment(f, cursors.x, 4 * unit);
              increment(f, cursors.y, 4 * unit);
            });
            increment(f, at.x, pixels * p.stride[1] * pixel);
            increment(f, at.y, pixels * pixel);
          });
        // Each number of turns is multiplied by 1 in a way that V8 cannot see through: where it knows that one loop's body runs before
        // another's, it keeps the addresses that both compute, far more than there are registers.
        ofSize(tiles.rows, tiles.count);
        ofSize(tiles.rows - 1, tiles.smaller);
      });
    },
  };
}

interface Context {
  readonly f: FunctionBuilder;
  readonly p: Conv2dProblem;
  readonly way: Way;
  readonly multiplyAdd: MultiplyAdd;
  readonly toResidual: I32;
}

interface Cursors {
  /** The first pixel's window, at the unit's first channel. */
  readonly x: I32;
  readonly y: I32;
  /** The unit's; moved on to the next. */
  readonly weights: I32;
}

const halves = [0, 1] as const;

/** y[pixel][column] = relu(bias[column] + Σ x[pixel][k of the column's group] · weights[k][column] + residual[pixel][column]) */
function emitTile(context: Context, at: Cursors, pixels: number): void {
  const { f, p, way, toResidual } = context;
  const outBytes = 4 * p.outChannels;
  f.scope(() => {
    const biases = halves.map((h) => f.let(v128.load(at.weights, 16 * h)));
    const sums = Array.from({ length: pixels }, () => biases.map((bias) => f.let(bias)));
    increment(f, at.weights, 4 * unit);
    const x = f.let(at.x);
    const column = p.dilation[1] * 4 * p.channels;
    repeatTimes(f, p.kernel[0], () => {
      repeatTimes(f, p.kernel[1], () => {
        emitPosition(context, { x, weights: at.weights }, sums);
        increment(f, x, column);
        increment(f, at.weights, (4 * unit * p.channels) / p.groups);
      });
      increment(f, x, p.dilation[0] * way.source.width * 4 * p.channels - p.kernel[1] * column);
    });
    const residual = f.let(i32.add(at.y, toResidual));
    sums.forEach((sumsOfPixel, i) => {
      f.scope(() => {
        const offset = i * outBytes;
        const added = sumsOfPixel.map((sum, h) =>
          p.residual ? f.let(f32x4.add(sum, v128.load(residual, offset + 16 * h))) : sum,
        );
        // pmax(x, 0) is x < 0 ? 0 : x, so NaN stays. Of two neighbouring vectors the higher first: so V8 packs the two into one.
        for (const h of [1, 0]) f.store(at.y, p.relu ? f32x4.pmax(added[h]!, v128.zero) : added[h]!, offset + 16 * h);
      });
    });
  });
}

/** sums[pixel][half] += Σ over c, in its order, at one position of the window. */
function emitPosition(
  { f, p, way, multiplyAdd }: Context,
  { x, weights }: Pick<Cursors, "x" | "weights">,
  sums: readonly (readonly Local<"v128">[])[],
): void {
  const channels = p.channels / p.groups;
  const xAt = (i: number) => i * p.stride[1] * 4 * p.channels;
  const add = (i: number, splats: readonly V128[], w: readonly V128[]) => {
    const given = splats.map((splat) => f.let(splat));
    for (const h of halves) f.set(sums[i]![h]!, multiplyAdd(given[h] ?? given[0]!, w[h]!, sums[i]![h]!));
  };
  const weightsOf = (c: number) => halves.map((h) => f.let(v128.load(weights, 4 * unit * c + 16 * h)));
  if (channels === 4 && way.simd === 256) {
    // Both groups' four channels in one vector of 256 bits; each number is spread over its group's half by a shuffle.
    f.scope(() => {
      const w = [0, 1, 2, 3].map(weightsOf);
      for (let i = 0; i < sums.length; i++)
        f.scope(() => {
          const loaded = halves.map((h) => f.let(v128.load(x, xAt(i) + 16 * h)));
          for (let c = 0; c < 4; c++)
            f.scope(() => {
              const splats = loaded.map((v) => f32x4.shuffle(v, v, [c, c, c, c]));
              add(i, splats, w[c]!);
            });
        });
    });
    return;
  }
  for (let c = 0; c < channels; c++)
    f.scope(() => {
      const w = weightsOf(c);
      for (let i = 0; i < sums.length; i++)
        f.scope(() => {
          const splatOf = (h: number) => f.let(v128.load32Splat(x, xAt(i) + 4 * c + 16 * h));
          // One at a time: there is one register left for it.
          if (channels === 4)
            for (const h of halves) f.scope(() => f.set(sums[i]![h]!, multiplyAdd(splatOf(h), w[h]!, sums[i]![h]!)));
          else add(i, [splatOf(0)], w);
        });
    });
}
