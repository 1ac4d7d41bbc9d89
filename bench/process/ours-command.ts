/** Our command, as it is built (`npm run build`) and as its users run it; and its weights. */
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DepthName } from "../../test/support/golden-networks.ts";
import { weightBytes } from "../common/golden-data.ts";
import { root } from "../common/keep-result.ts";

const main = join(root, "dist/cli/main.js");

/** `residual features`; `paths` are images or folders. Without `output` the rows go to standard output. */
export function featuresCommand(options: {
  readonly model: DepthName;
  readonly weights: string;
  readonly paths: readonly string[];
  readonly output?: string;
  readonly flags?: readonly string[];
}): string[] {
  const { model, weights, paths, output, flags = [] } = options;
  if (!existsSync(main)) throw new Error("the package is not built: npm run build");
  const place = output === undefined ? [] : ["--output", output];
  // A checkout has the package webgpu, which most users have not: without --device it would be loaded, and looked for a GPU with.
  const common = ["--device", "wasm", "--quiet", ...place, ...flags];
  return [process.execPath, main, "features", ...paths, "--model", model, "--weights", weights, ...common];
}

/** The goldens' weights as a file. Gives its path. */
export async function writeWeights(model: DepthName, folder: string): Promise<string> {
  const path = join(folder, `${model}.safetensors`);
  await writeFile(path, await weightBytes(model));
  return path;
}

/** Vectors of a file of rows, {"image_path", "feature_vector"}, by the image's file name. */
export async function readVectors(path: string): Promise<Map<string, Float32Array>> {
  const lines = (await readFile(path, "utf8")).trim().split("\n");
  const rows = lines.map((line) => JSON.parse(line) as { image_path: string; feature_vector: number[] });
  return new Map(rows.map((row) => [row.image_path.split(/[/\\]/).at(-1)!, Float32Array.from(row.feature_vector)]));
}
