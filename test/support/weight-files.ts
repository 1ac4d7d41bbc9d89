/** Weight files of whole ResNets for tests of what takes files: made-up numbers, two bytes each (bfloat16), no classifier. */
import { existsSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { madeUpWeights } from "../../src/inspect/made-up-weights.ts";
import { modelOfDepth } from "../../src/model/architectures.ts";
import { type TensorToWrite, writeSafetensors } from "../../src/weights/safetensors-write.ts";

/** The file of a depth in `folder`, written unless it is there: 22 to 116 MB. Its vectors are the same each time. */
export async function madeUpWeightFile(folder: string, depth: number): Promise<string> {
  const path = join(folder, `made-up-resnet${depth}.safetensors`);
  if (existsSync(path)) return path;
  await mkdir(folder, { recursive: true });
  const { tensors } = madeUpWeights(modelOfDepth(depth), 0);
  const all: TensorToWrite[] = [];
  for (const [name, { shape, read }] of tensors) {
    const numbers = Float32Array.from(await read());
    const words = new Uint16Array(numbers.buffer);
    const upper = Uint16Array.from(numbers, (_, i) => words[2 * i + 1]!); // little-endian: the upper half of each float32
    all.push({ name, dtype: "BF16", shape, bytes: new Uint8Array(upper.buffer) });
  }
  await writeFile(`${path}.part`, writeSafetensors(all));
  await rename(`${path}.part`, path);
  return path;
}
