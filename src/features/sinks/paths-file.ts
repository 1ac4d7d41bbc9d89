/** The list of images beside a file that has only numbers: one entry a row, so that row i belongs to entry i. */
import type { FeatureRow } from "../features-of.ts";
import type { KeptRows, WriteOptions } from "./sink.ts";

/** `x.paths.json` for `x.npy`. */
export function pathsFile(path: string): string {
  return `${path.replace(/\.(npy|safetensors)$/i, "")}.paths.json`;
}

export async function writePaths(rows: KeptRows, path: string, open: WriteOptions["open"]): Promise<void> {
  const output = await open(path);
  let text = "[";
  let index = 0;
  for await (const batch of rows.read()) {
    for (const row of batch) text += `${index++ === 0 ? "\n" : ",\n"}${JSON.stringify(entryOf(row))}`;
    await output.write(text);
    text = "";
  }
  await output.write(`${text}\n]\n`);
}

function entryOf({ image_path, error }: FeatureRow): object {
  return error ? { image_path, error: { code: error.code, message: error.message } } : { image_path };
}
