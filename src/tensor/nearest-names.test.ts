import { expect, test } from "vitest";
import { editDistance, nearestNames } from "./nearest-names.ts";

test("the distance counts letters put in, taken out and replaced", () => {
  expect(editDistance("avgpol", "avgpool")).toBe(1);
  expect(editDistance("kitten", "sitting")).toBe(3);
  expect(editDistance("", "abc")).toBe(3);
  expect(editDistance("abc", "abc")).toBe(0);
});

test("the nearest come first, and far ones not at all", () => {
  const names = ["conv1", "avgpool", "layer1", "layer4", "layer4.0.add", "layer4.1.add", "layer4.1.relu"];
  expect(nearestNames("layer4.1.ad", names, 2)).toEqual(["layer4.1.add", "layer4.0.add"]);
  expect(nearestNames("layer5", names, 6)).toEqual(["layer1", "layer4"]);
  expect(nearestNames("fc", names, 6)).toEqual([]);
});
