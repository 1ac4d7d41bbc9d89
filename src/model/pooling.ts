/** From a layer's output to a vector: pooling over the positions of a map, and normalising. On the host, so the same on every device. */
import { OptionError } from "../errors.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";
import { sizeOf } from "../tensor/shape.ts";

/** `avg` and `max`: one number a channel; `flatten`: the whole map, channel by channel. */
export type Pool = "avg" | "max" | "flatten";
/** `l2`: divided by its Euclidean length, so that a product of two vectors is their cosine. */
export type Normalize = "none" | "l2";

export const pools: readonly Pool[] = ["avg", "max", "flatten"];
export const normalizes: readonly Normalize[] = ["none", "l2"];

/** Throws OptionError for a pool or normalize that there is not; undefined means the default. */
export function checkPooling(pool: string | undefined, normalize: string | undefined): void {
  const check = (name: string, value: string | undefined, choices: readonly string[]): void => {
    if (value !== undefined && !choices.includes(value))
      throw new OptionError(`${name} ${JSON.stringify(value)}: there is no such; use ${choices.join(", ")}`);
  };
  check("pool", pool, pools);
  check("normalize", normalize, normalizes);
}

/** The vector of image `index` of a layer's output, [batch, C, H, W] or [batch, C]; means in float64, rounded once. */
export function poolVector(output: HostTensor, index: number, pool: Pool): Float32Array {
  const [, channels = 1, ...positions] = output.shape;
  const perChannel = sizeOf(positions);
  const size = channels * perChannel;
  const map = output.data.subarray(index * size, (index + 1) * size);
  if (pool === "flatten" || perChannel === 1) return map.slice();
  const vector = new Float32Array(channels);
  for (let c = 0; c < channels; c++) {
    const plane = map.subarray(c * perChannel, (c + 1) * perChannel);
    vector[c] =
      pool === "avg"
        ? plane.reduce((sum, value) => sum + value, 0) / perChannel
        : plane.reduce((largest, value) => (value > largest || Number.isNaN(value) ? value : largest), -Infinity);
  }
  return vector;
}

/** Divides by the Euclidean length, computed in float64; a vector of zeros stays as it is. */
export function normalizeL2(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return length === 0 ? vector : vector.map((value) => value / length);
}
