/**
 * Names of Hugging Face's ResNetForImageClassification and ResNetModel (transformers, models/resnet/modeling_resnet.py), and the parts of their
 * config.json that decide whether the network is ours: strides cannot be seen in shapes.
 */
import type { NameScheme } from "./name-scheme.ts";

/** Theirs → torchvision's; `layers.0.layer.1` is the second convolution of a stage's first block. */
const table: readonly (readonly [RegExp, (...groups: string[]) => string])[] = [
  [/^embedder\.embedder\.convolution\.(\w+)$/, (what) => `conv1.${what}`],
  [/^embedder\.embedder\.normalization\.(\w+)$/, (what) => `bn1.${what}`],
  [
    /^encoder\.stages\.(\d)\.layers\.(\d+)\.shortcut\.convolution\.(\w+)$/,
    (stage, block, what) => `layer${Number(stage) + 1}.${block}.downsample.0.${what}`,
  ],
  [
    /^encoder\.stages\.(\d)\.layers\.(\d+)\.shortcut\.normalization\.(\w+)$/,
    (stage, block, what) => `layer${Number(stage) + 1}.${block}.downsample.1.${what}`,
  ],
  [
    /^encoder\.stages\.(\d)\.layers\.(\d+)\.layer\.(\d)\.convolution\.(\w+)$/,
    (stage, block, layer, what) => `layer${Number(stage) + 1}.${block}.conv${Number(layer) + 1}.${what}`,
  ],
  [
    /^encoder\.stages\.(\d)\.layers\.(\d+)\.layer\.(\d)\.normalization\.(\w+)$/,
    (stage, block, layer, what) => `layer${Number(stage) + 1}.${block}.bn${Number(layer) + 1}.${what}`,
  ],
  [/^classifier\.1\.(weight|bias)$/, (what) => `fc.${what}`],
];

export const huggingFaceNames: NameScheme = {
  owner: "Hugging Face",
  anchors: ["embedder.embedder.convolution.weight", "encoder.stages.0.layers.0.layer.0.convolution.weight"],
  rename(name) {
    const inner = name.replace(/^resnet\./, "");
    for (const [pattern, make] of table) {
      const match = pattern.exec(inner);
      if (match) return make(...match.slice(1));
    }
    return undefined;
  },
};

/** What of a config.json makes it another network than torchvision's of the same shapes, in words; undefined where nothing does. */
export function huggingFaceMisfit(config: Readonly<Record<string, unknown>>): string | undefined {
  const wanted: readonly (readonly [string, unknown, string])[] = [
    [
      "downsample_in_bottleneck",
      false,
      "the stride stands on the first 1×1 convolution of a block (v1), here on the 3×3 (v1.5)",
    ],
    ["downsample_in_first_stage", false, "the first stage halves the picture, which torchvision's does not"],
    ["hidden_act", "relu", "the activation is another than relu"],
  ];
  const wrong = wanted.find(([key, value]) => config[key] !== undefined && config[key] !== value);
  return wrong && `${wrong[0]} is ${JSON.stringify(config[wrong[0]])}: ${wrong[2]}`;
}
