/** conv2d in plain TypeScript: the seven loops of its definition. The specification that every other kernel is compared with. */
import type { HostTensor } from "../../tensor/host-tensor.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { type Conv2dAttrs, conv2dShape } from "./conv2d.problem.ts";

/** y[n,o,i,j] = relu(Σ x[n, c, i·stride + k·dilation − padding, …] · weight[o, c, k, l] + bias[o] + residual[n,o,i,j]); sum in float64. */
export function conv2dReference(attrs: Conv2dAttrs, inputs: readonly HostTensor[]): HostTensor {
  const [x, weight] = inputs as [HostTensor, HostTensor];
  const bias = attrs.bias ? inputs[2]!.data : undefined;
  const residual = attrs.residual ? inputs[attrs.bias ? 3 : 2]!.data : undefined;
  const [batch, channels, height, width] = x.shape as [number, number, number, number]; // x: (N, C, H, W)
  const [outChannels, groupChannels, kernelHeight, kernelWidth] = weight.shape as [number, number, number, number];
  const shape = conv2dShape(
    attrs,
    inputs.map((input) => input.shape),
  );
  const [, , outHeight, outWidth] = shape as [number, number, number, number];
  const [strideY, strideX] = attrs.stride;
  const [paddingY, paddingX] = attrs.padding;
  const [dilationY, dilationX] = attrs.dilation;
  const data = new Float32Array(sizeOf(shape)); // (N, O, OH, OW)
  let out = 0;
  for (let n = 0; n < batch; n++)
    for (let o = 0; o < outChannels; o++) {
      const firstChannel = Math.floor(o / (outChannels / attrs.groups)) * groupChannels;
      for (let oy = 0; oy < outHeight; oy++)
        for (let ox = 0; ox < outWidth; ox++, out++) {
          let sum = 0;
          for (let c = 0; c < groupChannels; c++)
            for (let ky = 0; ky < kernelHeight; ky++) {
              const y = oy * strideY - paddingY + ky * dilationY;
              if (y < 0 || y >= height) continue;
              const xRow = ((n * channels + firstChannel + c) * height + y) * width;
              const wRow = ((o * groupChannels + c) * kernelHeight + ky) * kernelWidth;
              for (let kx = 0; kx < kernelWidth; kx++) {
                const column = ox * strideX - paddingX + kx * dilationX;
                if (column >= 0 && column < width) sum += x.data[xRow + column]! * weight.data[wRow + kx]!;
              }
            }
          if (bias) sum += bias[o]!;
          if (residual) sum += residual[out]!;
          data[out] = attrs.relu && sum < 0 ? 0 : sum;
        }
    }
  return { shape, dtype: "float32", data };
}
