/** What the configurations of other libraries share on their way to a preset. */
import { OptionError } from "../../errors.ts";
import { checkPreset, type Preset } from "../../image/preset.ts";

/** The preset, or in words that it is none (a filter that is not known here, a mean that is not three numbers). */
export function checkedPreset(preset: Readonly<Record<keyof Preset, unknown>>): Preset | string {
  try {
    checkPreset(preset);
    return preset;
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    const { resize, crop, interpolation, mean, std } = preset;
    return `its preprocessing is not understood (${JSON.stringify({ resize, crop, interpolation, mean, std })})`;
  }
}

export function triple(value: unknown): unknown {
  return Array.isArray(value) ? value.map(Number) : value;
}
