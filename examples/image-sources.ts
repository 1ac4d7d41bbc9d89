/**
 * Every form in which an image may be handed over: a path, a URL object, bytes, a Blob (or File), and pixels, which is what a browser's
 * canvas gives. The same picture gives the same numbers, whatever the form.
 *
 *   npx node --conditions=source examples/image-sources.ts
 */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type ImageSource, openModel } from "residual";

const url = new URL("photos/cat.png", import.meta.url);
const bytes = await readFile(url);

/** 8-bit RGBA, row by row: a red disc on white. In a browser: canvas.getContext("2d").getImageData(0, 0, width, height). */
function disc(width: number, height: number): ImageSource {
  const data = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      if (Math.hypot(x - width / 2, y - height / 2) < height / 3) data.set([200, 30, 30], 4 * (y * width + x));
  return { width, height, data };
}

const sources: Record<string, ImageSource> = {
  path: fileURLToPath(url),
  "URL object": url,
  bytes,
  Blob: new Blob([bytes]),
  pixels: disc(320, 240),
};

const model = await openModel({ model: "tiny", device: "wasm" });
const cat = (await model.features(url)).vector;
for (const [form, source] of Object.entries(sources)) {
  const { vector } = await model.features(source);
  const same = vector.every((value, i) => value === cat[i]);
  console.log(
    `${form.padEnd(10)}  ${vector.length} numbers, ${same ? "the cat's, to the last bit" : "another picture"}`,
  );
}
model.dispose();
