/** Files of features that cannot be read back. (What can is tested where it is written and used: src/cli.) */
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readFeatures } from "./read-features.ts";

it("a list of JSON that is longer than a string can be is an error that names other formats", async () => {
  const folder = await mkdtemp(join(tmpdir(), "residual-read-"));
  try {
    const path = join(folder, "large.json");
    await writeFile(path, "[");
    await truncate(path, 2 ** 29); // a file with a hole: it takes no room
    const message = `${path}: 512.0 MiB of JSON are too many to be read as one; a .jsonl, .npy, .parquet or .safetensors file may have any size`;
    await expect(readFeatures(path).next()).rejects.toThrow(message);
  } finally {
    await rm(folder, { recursive: true });
  }
});
