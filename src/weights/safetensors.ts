/**
 * Reads safetensors files (https://github.com/huggingface/safetensors) as state dicts: the header at once and checked whole,
 * each tensor's bytes only when it is read, straight from the file. Writing is in safetensors-write.ts.
 */
import { WeightError } from "../errors.ts";
import type { ByteSource } from "../platform/sources.ts";
import { readSafetensorsHeader, type SafetensorsEntry } from "./safetensors-header.ts";
import { type StoredTensor, storedTensor, type WeightFile } from "./weight-file.ts";
import { quoted, readWeightSource, type WeightSource } from "./weight-source.ts";

/**
 * Opens a file and checks its header. Throws WeightError: `weights-missing` where there is nothing to read, `weights-format` where a
 * rule of the format is broken. The file is closed by `close()`, and here already when this throws.
 */
export function openSafetensors(source: WeightSource): Promise<WeightFile> {
  return readWeightSource(source, open);
}

async function open(bytes: ByteSource): Promise<WeightFile> {
  const { entries, metadata, dataStart } = await readSafetensorsHeader(bytes);
  let isOpen = true;

  const tensorOf = (name: string, { dtype, shape, begin, end }: SafetensorsEntry): StoredTensor =>
    storedTensor(bytes.name, name, dtype, shape, async () => {
      if (!isOpen)
        throw new WeightError(
          "weights-missing",
          `${bytes.name}: was closed; tensor ${quoted(name)} cannot be read any more`,
        );
      return bytes.read(dataStart + begin, end - begin);
    });

  return {
    source: bytes.name,
    metadata,
    tensors: new Map([...entries].map(([name, entry]) => [name, tensorOf(name, entry)])),
    async close() {
      isOpen = false;
      await bytes.close();
    },
  };
}
