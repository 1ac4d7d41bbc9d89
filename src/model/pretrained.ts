/**
 * What is known of torchvision's pretrained files (download.pytorch.org/models/, BSD-3-Clause): names, accuracy on ImageNet, and the
 * preset of preprocessing that belongs to them. Reading and fetching them is not here yet; see openModel for what works.
 */
import type { PresetName } from "../image/preset.ts";
import type { ModelName } from "./architectures.ts";

export type WeightsEnum = "IMAGENET1K_V1" | "IMAGENET1K_V2";

export interface PretrainedFile {
  readonly weights: WeightsEnum;
  readonly file: string;
  /** Per cent of ImageNet's validation images, centre crop. */
  readonly top1: number;
  readonly top5: number;
  readonly preset: PresetName;
}

function v1(file: string, top1: number, top5: number, preset: PresetName = "torchvision-v1"): PretrainedFile {
  return { weights: "IMAGENET1K_V1", file, top1, top5, preset };
}

function v2(file: string, top1: number, top5: number): PretrainedFile {
  return { weights: "IMAGENET1K_V2", file, top1, top5, preset: "torchvision-v2" };
}

/** By network; the first is the default. */
export const pretrained: Readonly<Record<ModelName, readonly PretrainedFile[]>> = {
  resnet18: [v1("resnet18-f37072fd.pth", 69.758, 89.078)],
  resnet34: [v1("resnet34-b627a593.pth", 73.314, 91.42)],
  resnet50: [v1("resnet50-0676ba61.pth", 76.13, 92.862), v2("resnet50-11ad3fa6.pth", 80.858, 95.434)],
  resnet101: [v1("resnet101-63fe2227.pth", 77.374, 93.546), v2("resnet101-cd907fc2.pth", 81.886, 95.78)],
  resnet152: [v1("resnet152-394f9c45.pth", 78.312, 94.046), v2("resnet152-f82ba261.pth", 82.284, 96.002)],
  resnext50_32x4d: [
    v1("resnext50_32x4d-7cdf4587.pth", 77.618, 93.698),
    v2("resnext50_32x4d-1a0047aa.pth", 81.198, 95.34),
  ],
  resnext101_32x8d: [
    v1("resnext101_32x8d-8ba56ff5.pth", 79.312, 94.526),
    v2("resnext101_32x8d-110c445d.pth", 82.834, 96.228),
  ],
  resnext101_64x4d: [v1("resnext101_64x4d-173b62eb.pth", 83.246, 96.454, "torchvision-v2")],
  wide_resnet50_2: [
    v1("wide_resnet50_2-95faca4d.pth", 78.468, 94.086),
    v2("wide_resnet50_2-9ba9bcbe.pth", 81.602, 95.758),
  ],
  wide_resnet101_2: [
    v1("wide_resnet101_2-32ee1156.pth", 78.848, 94.284),
    v2("wide_resnet101_2-d733dc28.pth", 82.51, 96.02),
  ],
  tiny: [],
};

export function isWeightsEnum(text: string): text is WeightsEnum {
  return text === "IMAGENET1K_V1" || text === "IMAGENET1K_V2";
}
