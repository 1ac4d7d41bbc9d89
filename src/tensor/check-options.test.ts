/** Options as JavaScript's users may give them: each mistake one OptionError that says where, what, and what would be right. */
import { describe, expect, test } from "vitest";
import { OptionError } from "../errors.ts";
import { checkOptions, checkSignal, describeValue } from "./check-options.ts";

const check = (options: unknown) => () => checkOptions("pool", options, ["kernel", "stride"], { needed: ["kernel"] });

describe("checkOptions", () => {
  test("takes plain objects, those without a prototype or of another realm too", () => {
    expect(check({ kernel: 2 })).not.toThrow();
    expect(check(Object.assign(Object.create(null), { kernel: 2, stride: undefined }))).not.toThrow();
  });

  test.each<[given: unknown, message: string]>([
    [undefined, "pool: the options are undefined; expected an object with kernel, stride"],
    [2, "pool: the options are a number; expected an object with kernel, stride"],
    [[2], "pool: the options are an array; expected"],
    [new Map(), "pool: the options are an object of class Map; expected"],
    [{ kernel: 2, strides: 1 }, "pool: there is no option strides; there are kernel, stride"],
    [{ stride: 1 }, "pool: the option kernel is missing; expected an object with kernel, stride"],
    [{ kernel: undefined }, "pool: the option kernel is missing"],
  ])("refuses %j", (given, message) => {
    expect(check(given)).toThrow(message);
    expect(check(given)).toThrow(OptionError);
  });
});

test("checkSignal takes none and an AbortSignal, and not its controller", () => {
  expect(() => checkSignal("run", undefined)).not.toThrow();
  expect(() => checkSignal("run", new AbortController().signal)).not.toThrow();
  expect(() => checkSignal("run", new AbortController())).toThrow(
    "run: signal is an object of class AbortController; expected an AbortSignal",
  );
});

test("describeValue names a value in one line, a long text clipped", () => {
  expect([null, undefined, 5, "a", [1], {}, new Date(0), 3n].map(describeValue)).toEqual([
    ...["null", "undefined", "a number", '"a"', "an array", "an object", "an object of class Date", "a bigint"],
  ]);
  expect(describeValue("x".repeat(100))).toBe(`"${"x".repeat(40)}…"`);
});
