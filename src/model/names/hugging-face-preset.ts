/**
 * Hugging Face's preprocessor_config.json as a preset. The ResNets have a ConvNextImageProcessor (transformers,
 * models/convnext/image_processing_convnext.py): below 384 pixels the shorter side becomes size / crop_pct, and the middle is cut out.
 */
import type { Preset } from "../../image/preset.ts";
import { checkedPreset, triple } from "./preset-parts.ts";

/** Pillow's numbers of filters. */
const resamples: ReadonlyMap<unknown, string> = new Map([
  [2, "bilinear"],
  [3, "bicubic"],
]);

/** The preset, or in words why it cannot be had. */
export function presetOfProcessor(config: Readonly<Record<string, unknown>>, name: string): Preset | string {
  const type = String(config.image_processor_type ?? config.feature_extractor_type ?? "none named");
  const off = ["do_resize", "do_rescale", "do_normalize"].find((key) => config[key] === false);
  if (off) return `${off} is false, which is not done here`;
  const common = {
    name,
    interpolation: resamples.get(config.resample ?? 3),
    mean: triple(config.image_mean),
    std: triple(config.image_std),
  };
  if (type.startsWith("ConvNext")) {
    const side = sideOf(config.size);
    const share = config.crop_pct ?? 224 / 256;
    if (side === undefined || typeof share !== "number" || !(share > 0))
      return `its size ${JSON.stringify(config.size)} or crop_pct ${JSON.stringify(share)} is not understood`;
    // Python's int() of a quotient of doubles.
    const resize = side >= 384 ? { squash: [side, side] } : { shorter: Math.trunc(side / share) };
    return checkedPreset({ ...common, resize, crop: side });
  }
  const crop = config.do_center_crop === true ? sideOf(config.crop_size) : undefined;
  const shorter = shortestEdge(config.size);
  if (crop !== undefined && shorter !== undefined) return checkedPreset({ ...common, resize: { shorter }, crop });
  const side = sideOf(config.size);
  if (side !== undefined && shorter === undefined && !config.do_center_crop)
    return checkedPreset({ ...common, resize: { squash: [side, side] }, crop: side });
  return `an image processor ${type} with size ${JSON.stringify(config.size)} is not known here`;
}

/** The side of a square: 224, { shortest_edge: 224 } or { height: 224, width: 224 }. */
function sideOf(size: unknown): number | undefined {
  if (typeof size === "number") return size;
  if (typeof size !== "object" || size === null) return undefined;
  const { height, width } = size as Record<string, unknown>;
  if (typeof height === "number" && height === width) return height;
  return shortestEdge(size);
}

function shortestEdge(size: unknown): number | undefined {
  if (typeof size !== "object" || size === null) return undefined;
  const { shortest_edge: edge } = size as Record<string, unknown>;
  return typeof edge === "number" ? edge : undefined;
}
