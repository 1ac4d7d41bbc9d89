/**
 * Rows as NumPy's array file (format 1.0, numpy/lib/format.py): float32 or float16, [images, numbers], row i the i-th image; a failed image's
 * row is NaN. Beside `x.npy` stands `x.paths.json`: [{"image_path"}, …], with the `error` of those that failed.
 */

import { pathsFile, writePaths } from "./paths-file.ts";
import type { RowFormat } from "./sink.ts";
import { vectorBytes } from "./vector-bytes.ts";

export const npy: RowFormat = {
  suffix: "npy",
  about: "NumPy's array, row i the i-th image (NaN where it failed), and x.paths.json beside it",
  canFloat16: true,
  files: (path) => [path, pathsFile(path)],
  async write(rows, path, { float16, open }) {
    await writePaths(rows, pathsFile(path), open);
    const output = await open(path);
    await output.write(npyHeader([rows.count, rows.width], float16));
    for await (const batch of rows.read()) await output.write(vectorBytes(batch, rows.width, float16));
  },
};

/** The bytes before the numbers: padded so that they begin at a multiple of 64. */
export function npyHeader([rows, width]: readonly [number, number], float16: boolean): Uint8Array {
  const description = `{'descr': '${float16 ? "<f2" : "<f4"}', 'fortran_order': False, 'shape': (${rows}, ${width}), }`;
  const length = Math.ceil((10 + description.length + 1) / 64) * 64 - 10;
  const header = new Uint8Array(10 + length).fill(0x20);
  header.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, length & 0xff, length >> 8]); // \x93NUMPY, version 1.0
  header.set(new TextEncoder().encode(description), 10);
  header[header.length - 1] = 0x0a;
  return header;
}
