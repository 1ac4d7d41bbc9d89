/** convertLayout changes no value: only where it lies. */
import { expect, test } from "vitest";
import { smallTensor, upFrom1 } from "../../../test/support/small-tensor.ts";
import { ShapeError } from "../../errors.ts";
import { convertLayout } from "./convert-layout.op.ts";

const attrs = { from: "nchw", to: "nhwc" } as const;

test("the reference is the identity, in an array of its own", () => {
  const x = smallTensor([1, 2, 3, 2], upFrom1(12));
  const y = convertLayout.reference(attrs, [x]);
  expect(y).toEqual(x);
  expect(y.data.buffer).not.toBe(x.data.buffer);
});

test("the problem is one image's channels and positions", () => {
  expect(convertLayout.problem(attrs, [[1, 6, 4, 5]], [true])).toEqual({ channels: 6, positions: 20, ...attrs });
});

test("only images have layouts", () => {
  expect(() => convertLayout.shape(attrs, [[2, 3]])).toThrow(
    new ShapeError("convertLayout: x is 2×3: expected rank 4, N×C×H×W"),
  );
});
