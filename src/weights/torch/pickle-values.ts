/**
 * What a pickle becomes here: plain data and descriptions of tensors, none of which can run. A dict (also an OrderedDict, a defaultdict,
 * a Counter) is a Map, so that no key reaches a prototype; a list is an array; a Parameter is its tensor.
 */
import type { Breach } from "../weight-source.ts";
import type { TorchDtype } from "./torch-dtypes.ts";

export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Tuple
  | Value[]
  | Map<Value, Value>
  | Set<Value>
  | Global
  | Storage
  | Tensor
  | NumpyDtype
  | Opaque;

export class Tuple {
  readonly items: readonly Value[];
  constructor(items: readonly Value[]) {
    this.items = items;
  }
}

/** A name on the allow-list. `make` is what calling it gives; a class that is only ever named has none. */
export class Global {
  readonly name: string;
  readonly make: ((args: readonly Value[], breach: Breach) => Value) | undefined;
  /** What a dtype is, and a storage's class is of. */
  readonly dtype: TorchDtype | undefined;
  constructor(name: string, make?: Global["make"], dtype?: TorchDtype) {
    this.name = name;
    this.make = make;
    this.dtype = dtype;
  }
}

/** Bytes somewhere in the file, or in the pickle itself (a numpy array's). */
export class Storage {
  readonly key: string;
  readonly dtype: TorchDtype;
  /** Elements of `dtype`. */
  readonly numel: number;
  /** Where it begins within the stored bytes of `key`, in elements: PyTorch 0.x had views of storages. */
  readonly first: number;
  readonly inline: Uint8Array | undefined;
  constructor(key: string, dtype: TorchDtype, numel: number, first = 0, inline?: Uint8Array) {
    this.key = key;
    this.dtype = dtype;
    this.numel = numel;
    this.first = first;
    this.inline = inline;
  }
}

/** A strided view of a storage, as the file claims it; checked in tensor-view.ts when it gets its name. Counts are of elements. */
export interface Layout {
  readonly storage: Storage;
  readonly dtype: TorchDtype;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** A tensor: its layout comes with it, or later by BUILD; or the reason why it cannot be read. */
export class Tensor {
  layout: Layout | undefined;
  refused: string | undefined;
  constructor(layout?: Layout, refused?: string) {
    this.layout = layout;
    this.refused = refused;
  }
}

/** numpy.dtype: `f4`, `<`. Its byte order comes by BUILD. */
export class NumpyDtype {
  readonly code: string;
  order = "|";
  constructor(code: string) {
    this.code = code;
  }
}

/** Data of no interest here (a device, a layout, a slice): neither a tensor nor text nor a number. */
export class Opaque {
  readonly what: string;
  constructor(what: string) {
    this.what = what;
  }
}

/**
 * Bounds what one file may make us hold: an estimate of the bytes of everything made from it, so that a few bytes of a pickle cannot
 * become gigabytes of objects. 16 MB, some 5,000 tensors, and half the file's size: a ResNet-152 with its optimizer's state has 2,400.
 */
export class Budget {
  readonly #breach: Breach;
  readonly #limit: number;
  #spent = 0;
  /** For a file of `fileBytes`. */
  constructor(fileBytes: number, breach: Breach) {
    this.#limit = 16_000_000 + fileBytes / 2;
    this.#breach = breach;
  }
  spend(bytes: number): void {
    this.#spent += bytes;
    if (this.#spent > this.#limit)
      throw this.#breach(
        `what its pickle describes would take more than ${Math.floor(this.#limit)} bytes of memory before any tensor is read, ` +
          "too much for a checkpoint of its size",
      );
  }
}
