/** The rule that chooses a convolution's way: its table, on the standard networks' layers and on shapes that they do not have. */
import { expect, test } from "vitest";
import type { OptimizeFor } from "../op.ts";
import type { Conv2dProblem } from "./conv2d.problem.ts";
import { conv2dWay } from "./conv2d.wasm-rule.ts";

interface Spec extends Partial<Conv2dProblem> {
  /** Rows and columns of x and, at stride 1 and "same" padding, of y. */
  readonly size: number | readonly [number, number];
}

function problem({ size, ...rest }: Spec): Conv2dProblem {
  const [height, width] = typeof size === "number" ? [size, size] : size;
  return {
    ...{ channels: 64, height, width, outChannels: 64, outHeight: height, outWidth: width },
    ...{ kernel: [3, 3], stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 },
    ...{ bias: true, residual: false, relu: true },
    ...rest,
  };
}

test.each<[Spec, string, string]>([
  [{ size: 56 }, "winograd-4x4", "winograd-4x4"],
  [{ size: 28, channels: 128, outChannels: 128 }, "winograd-4x4", "winograd-4x4"],
  [{ size: 14, channels: 256, outChannels: 256 }, "winograd-2x2", "winograd-4x4"],
  [{ size: 7, channels: 512, outChannels: 512 }, "winograd-2x2", "winograd-4x4"],
  [{ size: 56, channels: 16, outChannels: 16 }, "winograd-4x4", "winograd-4x4"],
  [{ size: [7, 56] }, "winograd-2x2", "winograd-4x4"],
  [{ size: [75, 37] }, "winograd-4x4", "winograd-4x4"],
  [{ size: 9 }, "winograd-2x2", "winograd-4x4"],
])("%j: for latency %s, for throughput %s", (spec, latency, throughput) => {
  const ways = (["latency", "throughput"] as const).map((optimizeFor) => conv2dWay(problem(spec), optimizeFor).way);
  expect(ways).toEqual([latency, throughput]);
});

test.each<[Spec, RegExp]>([
  [{ size: 56, kernel: [1, 1] }, /window is not 3×3/],
  [{ size: 56, stride: [2, 2] }, /stride is not 1/],
  [{ size: 56, dilation: [2, 2] }, /dilation is not 1/],
  [{ size: 56, groups: 32 }, /groups/],
  [{ size: 56, padding: [3, 1] }, /padding is above 2/],
  [{ size: 56, channels: 63 }, /multiples of 8/],
  [{ size: 56, channels: 8 }, /fewer than 16 channels/],
  [{ size: 1 }, /fewer than 4 tiles/],
  [{ size: [1, 40] }, /overhang|fewer/],
])("%j: direct, and it says why", (spec, because) => {
  for (const optimizeFor of ["latency", "throughput"] as const) {
    const found = conv2dWay(problem(spec), optimizeFor);
    expect(found.way).toBe("direct");
    expect(found.because).toMatch(because);
  }
});

test("any shape has a way, a reason, and the same way whatever follows the sums", () => {
  const orders: readonly OptimizeFor[] = ["latency", "throughput"];
  for (let height = 1; height < 40; height++)
    for (let width = 1; width < 40; width++)
      for (const optimizeFor of orders) {
        const { way, because } = conv2dWay(problem({ size: [height, width] }), optimizeFor);
        expect(because).not.toBe("");
        const other = problem({ size: [height, width], residual: true, relu: false, bias: false });
        expect(conv2dWay(other, optimizeFor).way).toBe(way);
      }
});
