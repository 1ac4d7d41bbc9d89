/**
 * conv2d in plain TypeScript: the seven loops of its definition. The specification that every other kernel is compared with. The loops
 * over the output's pixels are the innermost, so that one weight serves a whole plane and a plane's sums stay in the cache.
 */
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
  const { stride, padding, dilation, groups, relu } = attrs;
  const data = new Float32Array(sizeOf(shape)); // (N, O, OH, OW)
  const sums = new Float64Array(outHeight * outWidth); // one plane of the output
  for (let n = 0; n < batch; n++)
    for (let o = 0; o < outChannels; o++) {
      sums.fill(0);
      const firstChannel = Math.floor(o / (outChannels / groups)) * groupChannels;
      for (let c = 0; c < groupChannels; c++)
        for (let ky = 0; ky < kernelHeight; ky++)
          for (let kx = 0; kx < kernelWidth; kx++) {
            const w = weight.data[((o * groupChannels + c) * kernelHeight + ky) * kernelWidth + kx]!;
            const top = ky * dilation[0] - padding[0]; // where this weight meets x for output (0, 0)
            const left = kx * dilation[1] - padding[1];
            const rows = insideImage(top, stride[0], height, outHeight);
            const columns = insideImage(left, stride[1], width, outWidth);
            for (let oy = rows.start; oy < rows.end; oy++) {
              const row = ((n * channels + firstChannel + c) * height + oy * stride[0] + top) * width;
              let at = row + columns.start * stride[1] + left;
              const end = oy * outWidth + columns.end;
              for (let i = oy * outWidth + columns.start; i < end; i++, at += stride[1]) sums[i]! += x.data[at]! * w;
            }
          }
      const first = (n * outChannels + o) * sums.length;
      for (let i = 0; i < sums.length; i++) {
        const sum = sums[i]! + (bias ? bias[o]! : 0) + (residual ? residual[first + i]! : 0);
        data[first + i] = relu && sum < 0 ? 0 : sum;
      }
    }
  return { shape, dtype: "float32", data };
}

/** The outputs i, [start, end), whose position offset + i · stride lies inside the image; the others see padding there, which is 0. */
function insideImage(offset: number, stride: number, size: number, outSize: number): { start: number; end: number } {
  const start = Math.max(0, Math.ceil(-offset / stride));
  return { start, end: Math.max(start, Math.min(outSize, Math.ceil((size - offset) / stride))) };
}
