/**
 * Rows as a safetensors file: one tensor `features`, F32 or F16, [images, numbers], row i the i-th image; a failed image's row is NaN. What the
 * run was is in the metadata. Beside `x.safetensors` stands `x.paths.json`, as for NPY.
 */
import { pathsFile, writePaths } from "./paths-file.ts";
import type { KeptRows, RowFormat } from "./sink.ts";
import { vectorBytes } from "./vector-bytes.ts";

export const safetensors: RowFormat = {
  suffix: "safetensors",
  about: "a tensor named features, rows as in npy, and x.paths.json beside it",
  canFloat16: true,
  files: (path) => [path, pathsFile(path)],
  async write(rows, path, { float16, open }) {
    await writePaths(rows, pathsFile(path), open);
    const output = await open(path);
    await output.write(headerOf(rows, float16));
    for await (const batch of rows.read()) await output.write(vectorBytes(batch, rows.width, float16));
  },
};

function headerOf({ count, width, facts }: KeptRows, float16: boolean): Uint8Array {
  const features = {
    dtype: float16 ? "F16" : "F32",
    shape: [count, width],
    data_offsets: [0, count * width * (float16 ? 2 : 4)],
  };
  const text = new TextEncoder().encode(JSON.stringify({ __metadata__: facts, features }));
  const length = Math.ceil(text.length / 8) * 8;
  const header = new Uint8Array(8 + length).fill(0x20, 8);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(text, 8);
  return header;
}
