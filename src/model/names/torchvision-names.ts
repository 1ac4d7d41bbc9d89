/** torchvision's own names, which the networks here have too. timm's plain ResNets have the same. */
import type { NameScheme } from "./name-scheme.ts";

export const torchvisionNames: NameScheme = {
  owner: "torchvision",
  anchors: ["conv1.weight", "layer1.0.conv1.weight"],
  // A classifier inside a Sequential (with dropout before it) is the classifier: fit-weights.ts sees that there is one alone.
  rename: (name) => name.replace(/^fc\.\d+\.(weight|bias)$/, "fc.$1"),
};
