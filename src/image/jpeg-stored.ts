/**
 * The components of a JPEG file as they are stored, without a colour conversion, for the files that mozjpeg does not make RGB of as
 * Pillow does. They come at full size, enlarged as libjpeg-turbo enlarges them.
 */
import { type Channel, doubleRows } from "./jpeg-colour.ts";
import { type ComponentTriple, keepComponents, largestFactors, storedSize } from "./jpeg-components.ts";
import type { JpegComponent, JpegLayout } from "./jpeg-markers.ts";
import { runMozjpeg } from "./mozjpeg.ts";
import type { RgbaImage } from "./rgb-image.ts";

/** True where libjpeg-turbo doubles a component's rows (and nothing else) by smoothing, as in 4:4:0. */
export function needsSmoothing(component: JpegComponent, components: readonly JpegComponent[]): boolean {
  const most = largestFactors(components);
  return component.h === most.h && component.v * 2 === most.v;
}

/** Components by index, each at full size in a channel of some pixels, as stored: without a colour conversion. */
export async function decodeStored(
  bytes: Uint8Array,
  layout: JpegLayout,
  triples: readonly ComponentTriple[],
): Promise<RgbaImage[]> {
  const { components } = layout.frame!;
  const smooth = components.flatMap((component, index) => (needsSmoothing(component, components) ? [index] : []));
  const stored = await decodeInOwnSize(bytes, layout, smooth);
  const images: RgbaImage[] = [];
  for (const triple of triples) {
    const pixels = await runMozjpeg(keepComponents(bytes, layout, triple), layout.frame!);
    for (const index of smooth) {
      const channel = triple.indexOf(index);
      if (channel >= 0) doubleRows(stored.get(index)!, { pixels, channel });
    }
    images.push(pixels);
  }
  return images;
}

/** The components `indices`, each in its own size; those that have the same are decoded together. */
async function decodeInOwnSize(
  bytes: Uint8Array,
  layout: JpegLayout,
  indices: readonly number[],
): Promise<Map<number, Channel>> {
  const { components } = layout.frame!;
  const channels = new Map<number, Channel>();
  for (const index of indices) {
    if (channels.has(index)) continue;
    const { h, v } = components[index]!;
    const alike = indices.filter((other) => components[other]!.h === h && components[other]!.v === v);
    const [first, second = first, third = second] = alike;
    const pixels = await runMozjpeg(
      keepComponents(bytes, layout, [first!, second!, third!]),
      storedSize(layout.frame!, index),
    );
    alike.forEach((component, channel) => {
      channels.set(component, { pixels, channel });
    });
  }
  return channels;
}
