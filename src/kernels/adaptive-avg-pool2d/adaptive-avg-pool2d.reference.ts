/** adaptiveAvgPool2d in plain TypeScript. */
import type { HostTensor } from "../../tensor/host-tensor.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { type AdaptiveAvgPool2dAttrs, adaptiveAvgPool2dShape, adaptiveWindow } from "./adaptive-avg-pool2d.problem.ts";

/** y[n,c,i,j] = mean of x[n, c, rows of bin i, columns of bin j]; sum in float64. */
export function adaptiveAvgPool2dReference(attrs: AdaptiveAvgPool2dAttrs, x: HostTensor): HostTensor {
  const shape = adaptiveAvgPool2dShape(attrs, x.shape);
  const [batch, channels, height, width] = x.shape as [number, number, number, number]; // x: (N, C, H, W)
  const [outHeight, outWidth] = attrs.outputSize;
  const data = new Float32Array(sizeOf(shape)); // (N, C, OH, OW)
  let out = 0;
  for (let plane = 0; plane < batch * channels; plane++)
    for (let oy = 0; oy < outHeight; oy++) {
      const rows = adaptiveWindow(oy, height, outHeight);
      for (let ox = 0; ox < outWidth; ox++, out++) {
        const columns = adaptiveWindow(ox, width, outWidth);
        let sum = 0;
        for (let row = rows.start; row < rows.end; row++)
          for (let column = columns.start; column < columns.end; column++)
            sum += x.data[(plane * height + row) * width + column]!;
        data[out] = sum / ((rows.end - rows.start) * (columns.end - columns.start));
      }
    }
  return { shape, dtype: "float32", data };
}
