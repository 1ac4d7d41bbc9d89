/** conv2d's reference against numbers computed by hand, and the messages of its shape rule. */
import { describe, expect, test } from "vitest";
import { smallTensor, upFrom1 } from "../../../test/support/small-tensor.ts";
import { ShapeError } from "../../errors.ts";
import { conv2d } from "./conv2d.op.ts";
import { type Conv2dAttrs, conv2dDepth } from "./conv2d.problem.ts";

const plain: Conv2dAttrs = {
  ...{ stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 },
  ...{ bias: false, residual: false, relu: false },
};
const x = smallTensor([1, 1, 3, 3], upFrom1(9));

/** The output's numbers for a kernel of [[1, 2], [3, 4]]. */
function by1234(attrs: Partial<Conv2dAttrs>): number[] {
  const result = conv2d.reference({ ...plain, ...attrs }, [x, smallTensor([1, 1, 2, 2], upFrom1(4))]);
  return [...result.data];
}

describe("by hand", () => {
  test("no padding: 1·1 + 2·2 + 4·3 + 5·4 = 37", () => {
    expect(by1234({})).toEqual([37, 47, 67, 77]);
  });
  test("padding adds zeros around", () => {
    expect(by1234({ padding: [1, 1] })).toEqual([4, 11, 18, 9, 18, 37, 47, 21, 36, 67, 77, 33, 14, 23, 26, 9]);
  });
  test("padding of one direction", () => {
    expect(by1234({ padding: [1, 0] })).toEqual([11, 18, 37, 47, 67, 77, 23, 26]);
  });
  test("stride skips outputs", () => {
    expect(by1234({ padding: [1, 1], stride: [2, 3] })).toEqual([4, 9, 36, 33]);
  });
  test("dilation spreads the kernel: 1·1 + 3·2 + 7·3 + 9·4 = 64", () => {
    expect(by1234({ dilation: [2, 2] })).toEqual([64]);
  });
  test("a kernel that lies wholly in the padding gives 0", () => {
    expect(by1234({ padding: [2, 2] }).slice(0, 2)).toEqual([0, 0]);
  });
  test("each group sees its own channels", () => {
    const two = smallTensor([1, 2, 1, 2], [1, 2, 10, 20]);
    const weight = smallTensor([2, 1, 1, 1], [3, 5]);
    expect([...conv2d.reference({ ...plain, groups: 2 }, [two, weight]).data]).toEqual([3, 6, 50, 100]);
  });
  test("channels are summed, images are not", () => {
    const images = smallTensor([2, 2, 1, 1], [1, 2, 3, 4]);
    const weight = smallTensor([1, 2, 1, 1], [10, 100]);
    expect([...conv2d.reference(plain, [images, weight]).data]).toEqual([210, 430]);
  });
  test("bias, then the residual, then ReLU", () => {
    const one = smallTensor([1, 1, 1, 3], [1, 2, 3]);
    const attrs = { ...plain, bias: true, residual: true, relu: true };
    const operands = [
      one,
      smallTensor([1, 1, 1, 1], [2]),
      smallTensor([1], [1]),
      smallTensor([1, 1, 1, 3], [-4, -4, -4]),
    ];
    expect([...conv2d.reference(attrs, operands).data]).toEqual([0, 1, 3]);
  });
  test("ReLU lets NaN through", () => {
    const operands = [smallTensor([1, 1, 1, 2], [Number.NaN, -1]), smallTensor([1, 1, 1, 1], [1])];
    expect([...conv2d.reference({ ...plain, relu: true }, operands).data]).toEqual([Number.NaN, 0]);
  });
  test("sums are in float64: 2²⁴ + 1 − 2²⁴ is 1", () => {
    const operands = [smallTensor([1, 3, 1, 1], [2 ** 24, 1, -(2 ** 24)]), smallTensor([1, 3, 1, 1], [1, 1, 1])];
    expect([...conv2d.reference(plain, operands).data]).toEqual([1]);
  });
});

test("the problem has the sizes of one image", () => {
  const attrs = { ...plain, stride: [2, 1], groups: 3 } as const;
  const problem = conv2d.problem(
    attrs,
    [
      [1, 6, 9, 8],
      [12, 2, 3, 2],
    ],
    [true, false],
  );
  expect(problem).toMatchObject({ channels: 6, height: 9, width: 8, outChannels: 12, outHeight: 4, outWidth: 7 });
  expect(conv2dDepth(problem)).toBe(12);
  expect(conv2d.cost(problem).flops).toBe(2 * 12 * 4 * 7 * 12);
});

test.each<[string, Partial<Conv2dAttrs>, number[][]]>([
  [
    "conv2d: x is 3×8×8, weight is 4×3×3×3: expected x of rank 4, N×C×H×W",
    {},
    [
      [3, 8, 8],
      [4, 3, 3, 3],
    ],
  ],
  [
    "conv2d: x is 1×3×8×8, weight is 4×3: expected weight of rank 4, O×C/groups×KH×KW",
    {},
    [
      [1, 3, 8, 8],
      [4, 3],
    ],
  ],
  [
    "conv2d: x is 1×3×8×8, weight is 4×5×3×3, groups is 1: expected 3 in dimension 1 of weight",
    {},
    [
      [1, 3, 8, 8],
      [4, 5, 3, 3],
    ],
  ],
  [
    "conv2d: x is 1×3×8×8, weight is 4×3×3×3, groups is 2: expected groups to divide both 3 and 4 channels",
    { groups: 2 },
    [
      [1, 3, 8, 8],
      [4, 3, 3, 3],
    ],
  ],
  ["conv2d: x is 1×3×8×8, weight is 4×3×3×3: bias is 3, expected 4", { bias: true }, [[1, 3, 8, 8], [4, 3, 3, 3], [3]]],
  [
    "conv2d: x is 1×3×8×8, weight is 4×3×3×3: residual is 1×4×8×8, expected 1×4×6×6",
    { residual: true },
    [
      [1, 3, 8, 8],
      [4, 3, 3, 3],
      [1, 4, 8, 8],
    ],
  ],
  [
    "conv2d: x is 1×3×2×8, weight is 4×3×3×3, padding [0, 0], dilation [1, 1]: expected a kernel no larger than the padded image",
    {},
    [
      [1, 3, 2, 8],
      [4, 3, 3, 3],
    ],
  ],
  [
    "conv2d: stride is [0, 1]; expected two whole numbers of at least 1",
    { stride: [0, 1] },
    [
      [1, 3, 8, 8],
      [4, 3, 3, 3],
    ],
  ],
  [
    "conv2d: padding is [0, -1]; expected two whole numbers of at least 0",
    { padding: [0, -1] },
    [
      [1, 3, 8, 8],
      [4, 3, 3, 3],
    ],
  ],
  [
    "conv2d: dilation is [1.5, 1]; expected two whole numbers of at least 1",
    { dilation: [1.5, 1] },
    [
      [1, 3, 8, 8],
      [4, 3, 3, 3],
    ],
  ],
])("%s", (message, attrs, shapes) => {
  expect(() => conv2d.shape({ ...plain, ...attrs }, shapes)).toThrow(new ShapeError(message));
});
