/** The networks by name: torchvision's, and the small one that lies in the package. Facts of weights are in pretrained.ts. */
import { OptionError } from "../errors.ts";
import { BasicBlock, Bottleneck, ResNet, type ResNetOptions } from "../nn/resnet.ts";

type Architecture = Omit<ResNetOptions, "classes" | "folded">;

const architectures = {
  resnet18: { block: BasicBlock, layers: [2, 2, 2, 2] },
  resnet34: { block: BasicBlock, layers: [3, 4, 6, 3] },
  resnet50: { block: Bottleneck, layers: [3, 4, 6, 3] },
  resnet101: { block: Bottleneck, layers: [3, 4, 23, 3] },
  resnet152: { block: Bottleneck, layers: [3, 8, 36, 3] },
  resnext50_32x4d: { block: Bottleneck, layers: [3, 4, 6, 3], groups: 32, widthPerGroup: 4 },
  resnext101_32x8d: { block: Bottleneck, layers: [3, 4, 23, 3], groups: 32, widthPerGroup: 8 },
  resnext101_64x4d: { block: Bottleneck, layers: [3, 4, 23, 3], groups: 64, widthPerGroup: 4 },
  wide_resnet50_2: { block: Bottleneck, layers: [3, 4, 6, 3], widthPerGroup: 128 },
  wide_resnet101_2: { block: Bottleneck, layers: [3, 4, 23, 3], widthPerGroup: 128 },
  tiny: { block: BasicBlock, layers: [2, 2, 2, 2], widths: [16, 32, 64, 128] },
} satisfies Record<string, Architecture>;

/** A network by torchvision's name, or `tiny`. */
export type ModelName = keyof typeof architectures;

/** All networks that `openModel` knows. */
export const modelNames = Object.keys(architectures).filter(isModelName);

export function isModelName(name: string): name is ModelName {
  return Object.hasOwn(architectures, name);
}

/** The depths that the hosted service knew. */
export const depths: readonly number[] = [18, 34, 50, 101, 152];

/** `resnet50` of 50. Throws OptionError for a depth that no ResNet has. */
export function modelOfDepth(depth: number): ModelName {
  const name = `resnet${depth}`;
  if (!depths.includes(depth) || !isModelName(name))
    throw new OptionError(`depth ${depth}: there is no ResNet of that depth; use ${listOr(depths)}`);
  return name;
}

/** Throws OptionError for a name that is not in the table. */
export function modelOfName(name: string): ModelName {
  if (isModelName(name)) return name;
  throw new OptionError(`model ${JSON.stringify(name)}: there is no such network; use ${listOr(modelNames)}`);
}

/** The network of a name, without weights; `classes` 0: it ends with its vector; `folded`: its batch norms are in the convolutions. */
export function createNetwork(name: ModelName, classes: number, folded = false): ResNet {
  return new ResNet({ ...architectures[name], classes, folded });
}

function listOr(items: readonly (string | number)[]): string {
  return `${items.slice(0, -1).join(", ")} or ${items.at(-1)}`;
}
