/**
 * A tensor of a PyTorch file as a view of a storage: offset, shape and strides, checked against the storage before anything is read,
 * and its elements fetched row-major by ranged reads of exactly the part of the storage that they lie in.
 */
import { formatShape } from "../../tensor/shape.ts";
import type { Breach } from "../weight-source.ts";
import type { Layout } from "./pickle-values.ts";

/** Bytes of a storage: `read(at, length)`, fresh and at the start of their own buffer. */
export type ReadStorage = (at: number, length: number) => Promise<Uint8Array<ArrayBuffer>>;

/** Elements of a shape; undefined beyond 2^53 - 1. */
function elementsOf(shape: readonly number[]): number | undefined {
  if (shape.includes(0)) return 0;
  let elements = 1;
  for (const dim of shape) {
    elements *= dim;
    if (!Number.isSafeInteger(elements)) return undefined;
  }
  return elements;
}

/** Where the last of its elements lies, counted from the first; undefined beyond 2^53 - 1. */
function reachOf(shape: readonly number[], strides: readonly number[]): number | undefined {
  let reach = 0;
  for (let i = 0; i < shape.length; i++) {
    reach += (shape[i]! - 1) * strides[i]!;
    if (!Number.isSafeInteger(reach)) return undefined;
  }
  return reach;
}

/**
 * The bytes of the tensor's elements. Throws what `breach` makes of a view that does not lie within its storage, or that holds the same
 * bytes so many times (an expanded view: a stride of 0) that it takes more than `most` bytes.
 */
export function checkView(layout: Layout, most: number, breach: Breach): number {
  const { storage, dtype, offset, shape, strides } = layout;
  if (shape.length !== strides.length)
    throw breach(`its shape has ${shape.length} dimensions, and there are ${strides.length} strides`);
  const elements = elementsOf(shape);
  if (elements === 0) return 0;
  const held = Math.floor((storage.numel * storage.dtype.bytes) / dtype.bytes);
  const reach = reachOf(shape, strides);
  if (elements === undefined || reach === undefined || offset + reach >= held) {
    throw breach(
      `${formatShape(shape)} from element ${offset} (strides ${strides.join(", ") || "none"}) reaches beyond its storage of ${held} elements`,
    );
  }
  const bytes = elements * dtype.bytes;
  if (bytes > most)
    throw breach(
      `its ${formatShape(shape)} are ${bytes} bytes, expanded from ${(reach + 1) * dtype.bytes} in the file; at most the file's size ` +
        `and 16 MiB are read (here ${most}): save tensor.clone() of what it was expanded from`,
    );
  return bytes;
}

/** The elements of a checked view, row-major. */
export async function readView(layout: Layout, bytes: number, read: ReadStorage): Promise<Uint8Array<ArrayBuffer>> {
  const { dtype, offset, shape, strides } = layout;
  const size = dtype.bytes;
  if (bytes === 0) return new Uint8Array(0);
  const dims = shape.flatMap((dim, i) => (dim === 1 ? [] : [{ dim, step: strides[i]! * size }]));
  // From the last dimension: as many as lie one after another are copied at once.
  let run = size;
  while (dims.length > 0 && dims.at(-1)!.step === run) run *= dims.pop()!.dim;
  if (dims.length === 0) return read(offset * size, bytes);

  const source = await read(offset * size, (reachOf(shape, strides)! + 1) * size);
  const out = new Uint8Array(bytes);
  if (run === size) gather(source, out, size, dims);
  else
    walk(dims, run, bytes, (from, to) => {
      out.set(source.subarray(from, from + run), to);
    });
  return out;
}

interface Dim {
  readonly dim: number;
  /** Bytes from one index to the next. */
  readonly step: number;
}

/** Calls `copy` for each run of `run` bytes, in row-major order, with where it is and where it goes. */
function walk(dims: readonly Dim[], run: number, bytes: number, copy: (from: number, to: number) => void): void {
  const index = dims.map(() => 0);
  let from = 0;
  for (let to = 0; to < bytes; to += run) {
    copy(from, to);
    for (let d = dims.length - 1; d >= 0; d--) {
      const { dim, step } = dims[d]!;
      from += step;
      if (++index[d]! < dim) break;
      from -= step * dim;
      index[d] = 0;
    }
  }
}

/** Element by element, the last dimension in a loop of its own. */
function gather(
  source: Uint8Array<ArrayBuffer>,
  out: Uint8Array<ArrayBuffer>,
  size: number,
  dims: readonly Dim[],
): void {
  const words = size === 1 ? Uint8Array : size === 2 ? Uint16Array : size === 4 ? Uint32Array : BigUint64Array;
  const width = Math.min(size, 8);
  const parts = size / width; // complex128 is two words
  const [a, b] = [new words(source.buffer), new words(out.buffer)];
  const { dim: inner, step } = dims.at(-1)!;
  walk(dims.slice(0, -1), inner * size, out.length, (from, to) => {
    for (let i = 0; i < inner; i++)
      for (let part = 0; part < parts; part++) b[to / width + i * parts + part] = a[(from + i * step) / width + part]!;
  });
}
