/** The residual blocks of the goldens (test/golden/blocks.json), built by our modules with the same hashed weights as torchvision's. */
import { BatchNorm2d, Conv2d, Sequential } from "../../src/nn/layers.ts";
import type { Module } from "../../src/nn/module.ts";
import { BasicBlock, Bottleneck } from "../../src/nn/resnet.ts";
import { fillParameters } from "./networks.ts";

export interface BlockCase {
  name: string;
  block: "BasicBlock" | "Bottleneck";
  inplanes: number;
  planes: number;
  stride: number;
  groups: number;
  baseWidth: number;
  downsample: boolean;
  input: number[];
  output: number[];
}

/** The block of a case, its parameters filled. */
export function buildBlock(spec: BlockCase): Module {
  const block = spec.block === "BasicBlock" ? BasicBlock : Bottleneck;
  const out = spec.planes * block.expansion;
  const shortcut = { kernel: 1, stride: spec.stride, bias: false };
  const downsample = spec.downsample
    ? new Sequential(new Conv2d(spec.inplanes, out, shortcut), new BatchNorm2d(out))
    : undefined;
  const { stride, groups, baseWidth: widthPerGroup } = spec;
  const module = new block(spec.inplanes, spec.planes, { stride, groups, widthPerGroup, downsample });
  fillParameters(module, `block/${spec.name}`);
  return module;
}
