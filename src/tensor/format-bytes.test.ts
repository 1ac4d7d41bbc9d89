/** Amounts of memory in messages. */
import { expect, test } from "vitest";
import { formatBytes } from "./format-bytes.ts";

test.each([
  [0, "0 bytes"],
  [2 ** 20 - 1, "1048575 bytes"],
  [2 ** 20, "1.0 MiB"],
  [2 ** 30, "1.00 GiB"],
  [4.5 * 2 ** 30, "4.50 GiB"],
])("%d is %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});
