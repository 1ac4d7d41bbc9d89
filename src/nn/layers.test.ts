/** Layers refuse what is wrong when they are made, not when a network runs through them. */
import { expect, it } from "vitest";
import { OptionError } from "../errors.ts";
import * as layers from "./layers.ts";

it.each<[what: string, layer: unknown, given: unknown[], message: RegExp]>([
  ["a word for a flag", layers.Conv2d, [3, 4, { kernel: 1, bias: "no" }], /Conv2d: bias is "no"; expected true or/],
  ["a word for a kernel", layers.Conv2d, [3, 4, { kernel: "a" }], /Conv2d: kernel height is "a"; expected a whole/],
  ["a flag for options", layers.Linear, [3, 2, false], /Linear: the options are a boolean/],
  ["no options", layers.MaxPool2d, [], /MaxPool2d: the options are undefined/],
  ["another's option", layers.MaxPool2d, [{ kernel_size: 2 }], /MaxPool2d: there is no option kernel_size/],
  ["a misspelt option", layers.AvgPool2d, [{ kernel: 2, stide: 1 }], /AvgPool2d: there is no option stide/],
  ["no size", layers.AdaptiveAvgPool2d, [], /AdaptiveAvgPool2d: output height is undefined/],
  ["options for a dimension", layers.Softmax, [{ dim: 1 }], /Softmax: dim is an object/],
])("%s: one clear error (%o)", (_, layer, given, message) => {
  if (typeof layer !== "function") throw new Error("no class");
  const make = (): unknown => Reflect.construct(layer, given);
  expect(make).toThrow(message);
  expect(make).toThrow(OptionError);
});
