/**
 * What every reader of weights gives, whatever the container: a state dict whose tensors can also be had as the bytes that the
 * file holds. The names of element types are those of safetensors, which nearly all of them have.
 */
import { UnsupportedError, WeightError } from "../errors.ts";
import type { ByteSource } from "../platform/sources.ts";
import type { Constant, StateDict } from "../tensor/host-tensor.ts";
import type { Shape } from "../tensor/shape.ts";
import { dtypeFacts, type StoredDtype } from "./stored-dtypes.ts";
import { type Breach, quoted } from "./weight-source.ts";

/** A tensor of a weight file. As a constant it widens to float32 or float64, and refuses to be read where neither holds its numbers. */
export interface StoredTensor extends Constant {
  /** The type of its elements in the file. */
  readonly stored: StoredDtype;
  /** Its elements row-major and little-endian, whatever their type: fresh bytes that start their own buffer. Throws WeightError. */
  readBytes(): Promise<Uint8Array<ArrayBuffer>>;
}

/** A weight file, open. */
export interface WeightFile extends StateDict {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** The other files that its tensors are in, by the names under which they were opened. */
  readonly parts?: readonly string[];
  /** Opens what lies beside the file, where it has a folder; openWeights puts it there. */
  beside?: ByteSource["beside"];
}

/**
 * A tensor whose bytes `readBytes` fetches: exactly those of `shape`'s elements, fresh, at the start of their own buffer. `source` is the
 * file's name for messages.
 */
export function storedTensor(
  source: string,
  name: string,
  stored: StoredDtype,
  shape: Shape,
  readBytes: () => Promise<Uint8Array<ArrayBuffer>>,
): StoredTensor {
  const { readsAs, decode } = dtypeFacts(stored);
  const where = `${source}: tensor ${quoted(name)}`;
  const breach: Breach = (what) => new WeightError("weights-format", `${where}: ${what}`);
  const read = async () => {
    if (!decode) throw new UnsupportedError(`${where}: ${stored} is not read as numbers, only as raw bytes`);
    return decode(await readBytes(), breach);
  };
  return { shape, stored, dtype: readsAs ?? "float32", fresh: true, read, readBytes };
}
