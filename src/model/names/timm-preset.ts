/** timm's `pretrained_cfg` as a preset (timm/data/config.py and transforms_factory.py, evaluation). */
import type { Preset } from "../../image/preset.ts";
import { checkedPreset, triple } from "./preset-parts.ts";

/** The preset, or in words why it cannot be had. */
export function presetOfTimm(config: Readonly<Record<string, unknown>>, name: string): Preset | string {
  const { input_size: size, crop_pct: share = 0.875, crop_mode: mode = "center", interpolation } = config;
  const side = Array.isArray(size) && size[1] === size[2] ? size[1] : undefined;
  if (typeof side !== "number" || typeof share !== "number" || !(share > 0))
    return `its input_size ${JSON.stringify(size)} or crop_pct ${JSON.stringify(share)} is not understood`;
  if (mode !== "center" && mode !== "squash") return `its crop_mode ${JSON.stringify(mode)} is not known here`;
  const resized = Math.floor(side / share);
  return checkedPreset({
    name,
    resize: mode === "squash" ? { squash: [resized, resized] } : { shorter: resized },
    crop: side,
    interpolation,
    mean: triple(config.mean),
    std: triple(config.std),
  });
}
