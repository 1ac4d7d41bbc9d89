/**
 * The rule by which a convolution's way is chosen in WebAssembly. Ways differ in the order of their sums and so in the last bits: the rule
 * sees the layer's shape and what results are wanted for, never the machine, the vectors' width, the threads or the batch.
 *
 *   | layer                                                        | latency       | throughput    |
 *   |--------------------------------------------------------------|---------------|---------------|
 *   | 3×3, stride 1, maps of at least 20×20 (56×56, 28×28)         | Winograd 4×4  | Winograd 4×4  |
 *   | 3×3, stride 1, smaller maps (14×14, 7×7)                     | Winograd 2×2  | Winograd 4×4  |
 *   | any other, and where Winograd does not pay (`refusal` below) | direct        | direct        |
 *
 * 4×4 saves most products, but its weights take four times the memory of the definition's: on small maps one image waits for them.
 */
import type { OptimizeFor } from "../op.ts";
import type { Conv2dProblem } from "./conv2d.problem.ts";

export type Conv2dWay = "direct" | "winograd-2x2" | "winograd-4x4";

/** Smaller maps are 2×2's where latency counts. */
const largeMap = 20;
/** Of fewer channels the transforms cost what the products save. */
const fewestChannels = 16;
/** A matrix product of fewer rows than this wastes what was saved. */
const fewestTiles = 4;
/** Of the definition's products; a map that its tiles overhang by much saves nothing. */
const largestShare = 0.7;

/** Why Winograd's kernels cannot compute it at all. */
export function winogradObstacle(p: Conv2dProblem): string | undefined {
  if (p.kernel[0] !== 3 || p.kernel[1] !== 3) return "the window is not 3×3";
  if (p.stride[0] !== 1 || p.stride[1] !== 1) return "the stride is not 1";
  if (p.dilation[0] !== 1 || p.dilation[1] !== 1) return "the dilation is not 1";
  if (p.groups !== 1) return "it has groups";
  if (Math.max(...p.padding) > 2) return "the padding is above 2";
  if (p.channels % 8 !== 0 || p.outChannels % 8 !== 0) return "its channels are no multiples of 8";
  return undefined;
}

/** Why tiles of `outputs`×`outputs` do not pay. */
function refusal(p: Conv2dProblem, outputs: 2 | 4): string | undefined {
  if (Math.min(p.channels, p.outChannels) < fewestChannels) return `it has fewer than ${fewestChannels} channels`;
  const tiles = Math.ceil(p.outHeight / outputs) * Math.ceil(p.outWidth / outputs);
  if (tiles < fewestTiles) return `a map of ${map(p)} has fewer than ${fewestTiles} tiles of ${outputs}×${outputs}`;
  const share = (tiles * (outputs + 2) ** 2) / (9 * p.outHeight * p.outWidth);
  if (share > largestShare) return `tiles of ${outputs}×${outputs} overhang a map of ${map(p)} too far`;
  return undefined;
}

const map = (p: Conv2dProblem) => `${p.outHeight}×${p.outWidth}`;

/** The way, and why, in words for those who read a plan. */
export function conv2dWay(p: Conv2dProblem, optimizeFor: OptimizeFor): { way: Conv2dWay; because: string } {
  const obstacle = winogradObstacle(p);
  if (obstacle) return { way: "direct", because: obstacle };
  const large = Math.min(p.outHeight, p.outWidth) >= largeMap;
  const outputs = large || optimizeFor === "throughput" ? 4 : 2;
  const refused = refusal(p, outputs);
  if (refused) return { way: "direct", because: refused };
  const because = large ? `3×3 on a large map, ${map(p)}` : `3×3 on a small map, ${map(p)}, for ${optimizeFor}`;
  return { way: outputs === 4 ? "winograd-4x4" : "winograd-2x2", because };
}
