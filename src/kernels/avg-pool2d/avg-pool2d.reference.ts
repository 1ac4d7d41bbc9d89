/** avgPool2d in plain TypeScript. */
import type { HostTensor } from "../../tensor/host-tensor.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { type AvgPool2dAttrs, avgPool2dShape } from "./avg-pool2d.problem.ts";

/** y[n,c,i,j] = Σ x[n, c, window ∩ image] / (positions of the window in the padded image, or only in the image); sum in float64. */
export function avgPool2dReference(attrs: AvgPool2dAttrs, x: HostTensor): HostTensor {
  const shape = avgPool2dShape(attrs, x.shape);
  const [batch, channels, height, width] = x.shape as [number, number, number, number]; // x: (N, C, H, W)
  const [, , outHeight, outWidth] = shape as [number, number, number, number];
  const { kernel, stride, padding, countIncludePad } = attrs;
  const data = new Float32Array(sizeOf(shape)); // (N, C, OH, OW)
  let out = 0;
  for (let plane = 0; plane < batch * channels; plane++)
    for (let oy = 0; oy < outHeight; oy++) {
      const rows = window(oy, kernel[0], stride[0], padding[0], height);
      for (let ox = 0; ox < outWidth; ox++, out++) {
        const columns = window(ox, kernel[1], stride[1], padding[1], width);
        let sum = 0;
        for (let row = rows.start; row < rows.end; row++)
          for (let column = columns.start; column < columns.end; column++)
            sum += x.data[(plane * height + row) * width + column]!;
        const divisor = countIncludePad
          ? rows.padded * columns.padded
          : (rows.end - rows.start) * (columns.end - columns.start);
        data[out] = sum / divisor;
      }
    }
  return { shape, dtype: "float32", data };
}

/** Window i along one axis: its positions inside the image, [start, end), and how many lie inside the padded image. */
function window(i: number, kernel: number, stride: number, padding: number, size: number) {
  const first = i * stride - padding;
  const last = Math.min(first + kernel, size + padding);
  return { start: Math.max(first, 0), end: Math.min(last, size), padded: last - first };
}
