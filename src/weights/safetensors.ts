/**
 * Reads safetensors files (https://github.com/huggingface/safetensors) as state dicts: the header at once and checked whole,
 * each tensor's bytes only when it is read, straight from the file. Writing is in safetensors-write.ts.
 */
import { WeightError } from "../errors.ts";
import { readSafetensorsHeader, type SafetensorsEntry } from "./safetensors-header.ts";
import { type StoredTensor, storedTensor, type WeightFile } from "./weight-file.ts";
import { openWeightSource, quoted, type WeightSource } from "./weight-source.ts";

/**
 * Opens a file and checks its header. Throws WeightError: `weights-missing` where there is nothing to read, `weights-format` where a
 * rule of the format is broken. The file is closed by `close()`, and here already when this throws.
 */
export async function openSafetensors(source: WeightSource): Promise<WeightFile> {
  const bytes = await openWeightSource(source);
  try {
    const { entries, metadata, dataStart } = await readSafetensorsHeader(bytes);
    let open = true;

    const tensorOf = (name: string, { dtype, shape, begin, end }: SafetensorsEntry): StoredTensor =>
      storedTensor(bytes.name, name, dtype, shape, async () => {
        if (!open)
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
        open = false;
        await bytes.close();
      },
    };
  } catch (error) {
    await bytes.close();
    throw error;
  }
}
