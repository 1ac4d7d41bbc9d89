/**
 * conv2d in plain TypeScript: the seven loops of its definition. The specification that every other kernel is compared with. The loop
 * over output channels is the innermost, over a transposed weight, so that padding is skipped by whole rows and memory is read in order.
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
  const transposed = transpose(weight.data, outChannels); // (C/groups, KH, KW, O)
  const sums = new Float64Array(outChannels); // of one pixel
  const data = new Float32Array(sizeOf(shape)); // (N, O, OH, OW)
  for (let n = 0; n < batch; n++)
    for (let oy = 0; oy < outHeight; oy++)
      for (let ox = 0; ox < outWidth; ox++) {
        sums.fill(0);
        for (let c = 0; c < channels; c++) {
          const group = Math.floor(c / groupChannels);
          const first = (group * outChannels) / groups;
          const end = first + outChannels / groups;
          for (let ky = 0; ky < kernelHeight; ky++) {
            const y = oy * stride[0] + ky * dilation[0] - padding[0];
            if (y < 0 || y >= height) continue;
            for (let kx = 0; kx < kernelWidth; kx++) {
              const column = ox * stride[1] + kx * dilation[1] - padding[1];
              if (column < 0 || column >= width) continue;
              const value = x.data[((n * channels + c) * height + y) * width + column]!;
              const row = (((c % groupChannels) * kernelHeight + ky) * kernelWidth + kx) * outChannels;
              for (let o = first; o < end; o++) sums[o]! += value * transposed[row + o]!;
            }
          }
        }
        for (let o = 0; o < outChannels; o++) {
          const out = ((n * outChannels + o) * outHeight + oy) * outWidth + ox;
          const sum = sums[o]! + (bias ? bias[o]! : 0) + (residual ? residual[out]! : 0);
          data[out] = relu && sum < 0 ? 0 : sum;
        }
      }
  return { shape, dtype: "float32", data };
}

/** (rows, columns) → (columns, rows). */
function transpose(matrix: Float32Array, rows: number): Float64Array {
  const columns = matrix.length / rows;
  const out = new Float64Array(matrix.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) out[column * rows + row] = matrix[row * columns + column]!;
  return out;
}
