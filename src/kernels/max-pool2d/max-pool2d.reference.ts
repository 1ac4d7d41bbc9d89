/** maxPool2d in plain TypeScript. */
import type { HostTensor } from "../../tensor/host-tensor.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { type MaxPool2dAttrs, maxPool2dShape } from "./max-pool2d.problem.ts";

/** y[n,c,i,j] = max over the window's positions inside the image of x[n, c, i·stride + k·dilation − padding, …]; −∞ where there is none. */
export function maxPool2dReference(attrs: MaxPool2dAttrs, x: HostTensor): HostTensor {
  const shape = maxPool2dShape(attrs, x.shape);
  const [batch, channels, height, width] = x.shape as [number, number, number, number]; // x: (N, C, H, W)
  const [, , outHeight, outWidth] = shape as [number, number, number, number];
  const { kernel, stride, padding, dilation } = attrs;
  const data = new Float32Array(sizeOf(shape)); // (N, C, OH, OW)
  let out = 0;
  for (let plane = 0; plane < batch * channels; plane++)
    for (let oy = 0; oy < outHeight; oy++)
      for (let ox = 0; ox < outWidth; ox++, out++) {
        let max = Number.NEGATIVE_INFINITY;
        for (let ky = 0; ky < kernel[0]; ky++) {
          const row = oy * stride[0] - padding[0] + ky * dilation[0];
          if (row < 0 || row >= height) continue;
          for (let kx = 0; kx < kernel[1]; kx++) {
            const column = ox * stride[1] - padding[1] + kx * dilation[1];
            if (column >= 0 && column < width) max = Math.max(max, x.data[(plane * height + row) * width + column]!); // NaN wins
          }
        }
        data[out] = max;
      }
  return { shape, dtype: "float32", data };
}
