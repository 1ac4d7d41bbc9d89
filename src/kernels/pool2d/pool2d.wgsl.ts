/**
 * What the pools share in WGSL: NHWC, one invocation a number of the output, which combines the positions of its window that lie in the
 * image, rows first. A pool brings whole functions: where a window lies along each axis, and how values are combined.
 */
import { input, output, repeat } from "../argument.ts";
import type { WgslStage, WgslVariant } from "../op.ts";
import type { Pair } from "../pair.ts";
import { flatGrid, flatInvocations, flatInvocationText } from "../wgsl/dispatch.ts";
import { fitsDevice, wgslStage } from "../wgsl/shader-text.ts";

/** Sizes of one image, which all pools' problems have. */
interface PoolSizes {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly outHeight: number;
  readonly outWidth: number;
  /** [1, 1] where there is none. */
  readonly dilation?: Pair;
}

export interface PoolShader<P> {
  /** The op's name. */
  readonly name: string;
  readonly sumOrder: string;
  /** WGSL: `row_window(o: u32) -> Window` and `column_window(o: u32) -> Window`. */
  readonly windows: (problem: P) => string;
  /** WGSL: `start() -> f32`, `combine(sum: f32, x: f32) -> f32`, `finish(sum: f32, counted: u32) -> f32`. */
  readonly combination: string;
}

export function poolWgsl<P extends PoolSizes>(pool: PoolShader<P>): WgslVariant<P> {
  return {
    id: `${pool.name}.wgsl-nhwc`,
    sumOrder: pool.sumOrder,
    accepts: (_, capabilities) => fitsDevice(capabilities, { invocations: flatInvocations }),
    layouts: () => ({ inputs: ["nhwc"], output: "nhwc" }),
    stages: (p) => [poolStage(p, pool)],
  };
}

/** x (repeat, H, W, C) → y (repeat, OH, OW, C). */
function poolStage<P extends PoolSizes>(p: P, { name, windows, combination }: PoolShader<P>): WgslStage {
  const { channels, height, width, outHeight, outWidth, dilation = [1, 1] } = p;
  const body = /* wgsl */ `${flatInvocationText}

// Along one axis the positions first, first + dilation, … below end lie in the image; the mean divides by counted.
struct Window {
  first: u32,
  end: u32,
  counted: u32,
}
${windows(p)}
${combination}

@compute @workgroup_size(${flatInvocations})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) invocation: u32) {
  let i = flat_invocation(group, invocation);
  if (i < OUT_HEIGHT * OUT_WIDTH * CHANNELS * repeats) {
    let channel = i % CHANNELS;
    let pixel = i / CHANNELS;
    let image = pixel / (OUT_HEIGHT * OUT_WIDTH);
    let rows = row_window((pixel / OUT_WIDTH) % OUT_HEIGHT);
    let columns = column_window(pixel % OUT_WIDTH);
    var sum = start();
    for (var row = rows.first; row < rows.end; row += ROW_DILATION) {
      let start_of_row = (image * HEIGHT + row) * WIDTH;
      for (var column = columns.first; column < columns.end; column += COLUMN_DILATION) {
        sum = combine(sum, x[(start_of_row + column) * CHANNELS + channel]);
      }
    }
    y[i] = finish(sum, rows.counted * columns.counted);
  }
}`;
  return wgslStage({
    name,
    sizes: {
      ...{ CHANNELS: channels, HEIGHT: height, WIDTH: width, OUT_HEIGHT: outHeight, OUT_WIDTH: outWidth },
      ...{ ROW_DILATION: dilation[0], COLUMN_DILATION: dilation[1] },
    },
    bindings: [
      { name: "x", argument: input(0) },
      { name: "y", argument: output },
      { name: "repeats", argument: repeat },
    ],
    body,
    workgroups: flatGrid(outHeight * outWidth * channels),
  });
}
