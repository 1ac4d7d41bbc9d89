/**
 * Reads safetensors files (https://github.com/huggingface/safetensors) as state dicts: the header at once and checked whole,
 * each tensor's bytes only when it is read, straight from the file. Writing is in safetensors-write.ts.
 */
import { UnsupportedError, WeightError } from "../errors.ts";
import type { Constant, StateDict } from "../tensor/host-tensor.ts";
import { dtypeFacts } from "./safetensors-dtypes.ts";
import { readSafetensorsHeader, type SafetensorsEntry } from "./safetensors-header.ts";
import { type Breach, openWeightSource, quoted, type WeightSource } from "./weight-source.ts";

/** A safetensors file, open. Constants widen to float32 or float64 (safetensors-dtypes.ts); those of other dtypes refuse to be read. */
export interface SafetensorsFile extends StateDict {
  /** Every tensor as the header has it, in the header's order. */
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  /** A tensor's bytes as they lie in the file, whatever its dtype. Throws WeightError for a name that is not there. */
  readRaw(name: string): Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * Opens a file and checks its header. Throws WeightError: `weights-missing` where there is nothing to read, `weights-format` where a
 * rule of the format is broken. The file is closed by `close()`, and here already when this throws.
 */
export async function openSafetensors(source: WeightSource): Promise<SafetensorsFile> {
  const bytes = await openWeightSource(source);
  try {
    const { entries, metadata, dataStart } = await readSafetensorsHeader(bytes);
    let open = true;

    const readRaw = async (name: string) => {
      const entry = entries.get(name);
      if (!entry) throw new WeightError("weights-mismatch", `${bytes.name}: has no tensor ${quoted(name)}`);
      if (!open) {
        throw new WeightError(
          "weights-missing",
          `${bytes.name}: was closed; tensor ${quoted(name)} cannot be read any more`,
        );
      }
      return bytes.read(dataStart + entry.begin, entry.end - entry.begin);
    };

    const constantOf = (name: string, { dtype, shape }: SafetensorsEntry): Constant => {
      const { readsAs, decode } = dtypeFacts(dtype);
      const where = `${bytes.name}: tensor ${quoted(name)}`;
      const breach: Breach = (what) => new WeightError("weights-format", `${where}: ${what}`);
      const read = async () => {
        if (!decode) throw new UnsupportedError(`${where}: ${dtype} is not read as numbers, only as raw bytes`);
        return decode(await readRaw(name), breach);
      };
      return { shape, dtype: readsAs ?? "float32", fresh: true, read }; // as sources promise
    };

    return {
      source: bytes.name,
      metadata,
      entries,
      tensors: new Map([...entries].map(([name, entry]) => [name, constantOf(name, entry)])),
      readRaw,
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
