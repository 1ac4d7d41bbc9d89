import { expect, it } from "vitest";
import { permute } from "./permute.ts";

it("permute reorders dimensions, and the inverse order undoes it", () => {
  const matrix = permute({ shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }, [1, 0]);
  expect(matrix).toEqual({ shape: [3, 2], data: Float32Array.of(1, 4, 2, 5, 3, 6) });

  const nchw = { shape: [2, 3, 4, 5], data: Float32Array.from({ length: 120 }, (_, i) => i) };
  const nhwc = permute(nchw, [0, 2, 3, 1]);
  expect(nhwc.shape).toEqual([2, 4, 5, 3]);
  const [n, c, y, x] = [1, 2, 3, 1] as const;
  expect(nhwc.data[((n * 4 + y) * 5 + x) * 3 + c]).toBe(((n * 3 + c) * 4 + y) * 5 + x);
  expect(permute(nhwc, [0, 3, 1, 2])).toEqual(nchw);
});
