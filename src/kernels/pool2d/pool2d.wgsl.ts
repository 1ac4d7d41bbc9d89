/**
 * What the pools share in WGSL: NHWC, one invocation a number of the output, which combines the positions of its window that lie in the
 * image, rows first. A pool brings whole functions: where a window lies along each axis, and how values are combined.
 */
import { input, output, repeat } from "../argument.ts";
import type { WgslStage } from "../op.ts";
import type { Pair } from "../pair.ts";
import { flatGrid, flatInvocations, flatInvocationText } from "../wgsl/dispatch.ts";
import { wgslStage } from "../wgsl/shader-text.ts";

export interface PoolShader {
  readonly name: string;
  readonly channels: number;
  /** [vertical, horizontal] sizes. */
  readonly size: Pair;
  readonly outSize: Pair;
  readonly dilation: Pair;
  /** WGSL: `row_window(o: u32) -> Window` and `column_window(o: u32) -> Window`. */
  readonly windows: string;
  /** WGSL: `start() -> f32`, `combine(sum: f32, x: f32) -> f32`, `finish(sum: f32, counted: u32) -> f32`. */
  readonly combination: string;
}

/** x (repeat, H, W, C) → y (repeat, OH, OW, C). */
export function poolStage(pool: PoolShader): WgslStage {
  const [height, width] = pool.size;
  const [outHeight, outWidth] = pool.outSize;
  const body = /* wgsl */ `${flatInvocationText}

// Along one axis the positions first, first + dilation, … below end lie in the image; the mean divides by counted.
struct Window {
  first: u32,
  end: u32,
  counted: u32,
}
${pool.windows}
${pool.combination}

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
    name: pool.name,
    sizes: {
      ...{ CHANNELS: pool.channels, HEIGHT: height, WIDTH: width, OUT_HEIGHT: outHeight, OUT_WIDTH: outWidth },
      ...{ ROW_DILATION: pool.dilation[0], COLUMN_DILATION: pool.dilation[1] },
    },
    bindings: [
      { name: "x", argument: input(0) },
      { name: "y", argument: output },
      { name: "repeats", argument: repeat },
    ],
    body,
    workgroups: flatGrid(outHeight * outWidth * pool.channels),
  });
}
