/**
 * numpy in checkpoints: scalars (losses, learning rates) become numbers, arrays become tensors whose bytes lie in the pickle itself.
 * From numpy's `dtype.__reduce__`, `ndarray.__setstate__` (numpy/core/src/multiarray/methods.c) and numpy/_core/numeric.py `_frombuffer`.
 */
import type { Breach } from "../weight-source.ts";
import { type Layout, NumpyDtype, Opaque, Storage, Tensor, Tuple, type Value } from "./pickle-values.ts";
import { type TorchDtype, torchDtype } from "./torch-dtypes.ts";

const codes: ReadonlyMap<string, string> = new Map([
  ["f8", "float64"],
  ["f4", "float32"],
  ["f2", "float16"],
  ["i8", "int64"],
  ["i4", "int32"],
  ["i2", "int16"],
  ["i1", "int8"],
  ["u8", "uint64"],
  ["u4", "uint32"],
  ["u2", "uint16"],
  ["u1", "uint8"],
  ["b1", "bool"],
  ["c8", "complex64"],
  ["c16", "complex128"],
]);

export function numpyDtype([code]: readonly Value[], breach: Breach): Value {
  if (typeof code !== "string") throw breach("numpy.dtype is made of something else than its code");
  return new NumpyDtype(code);
}

/** BUILD of a dtype: (version, byte order, …). */
export function buildNumpyDtype(dtype: NumpyDtype, state: Value): void {
  const order = state instanceof Tuple ? state.items[1] : undefined;
  if (typeof order === "string") dtype.order = order;
}

/** A number, or data of no interest where numpy's scalar is none (a date, a text). */
export function numpyScalar([dtype, bytes]: readonly Value[], breach: Breach): Value {
  const type = plainDtype(dtype);
  if (!type || !(bytes instanceof Uint8Array)) return new Opaque("a numpy scalar");
  if (bytes.length !== type.bytes) throw breach(`a numpy scalar of ${type.name} has ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  switch (type.name) {
    case "float64":
      return view.getFloat64(0, true);
    case "float32":
      return view.getFloat32(0, true);
    case "int64":
      return smaller(view.getBigInt64(0, true));
    case "uint64":
      return smaller(view.getBigUint64(0, true));
    case "int32":
      return view.getInt32(0, true);
    case "uint32":
      return view.getUint32(0, true);
    case "int16":
      return view.getInt16(0, true);
    case "uint16":
      return view.getUint16(0, true);
    case "int8":
      return view.getInt8(0);
    case "uint8":
      return view.getUint8(0);
    case "bool":
      return view.getUint8(0) !== 0;
    default:
      return new Opaque("a numpy scalar");
  }
}

/** BUILD of an array: (version, shape, dtype, is it Fortran's order, bytes). */
export function buildNumpyArray(array: Tensor, state: Tuple, breach: Breach): void {
  const [, shape, dtype, fortran, bytes] = state.items;
  const made = numpyArray(dtype, shape, fortran === true, bytesOfArray(bytes), breach);
  array.layout = made.layout;
  array.refused = made.refused;
}

export function bytesOfArray(bytes: Value | undefined): Uint8Array | undefined {
  return bytes instanceof Uint8Array ? bytes : undefined;
}

/** An array as a tensor; one of objects, texts or dates has no layout, and is no tensor; one of numbers that are not read is refused. */
export function numpyArray(
  dtype: Value | undefined,
  shape: Value | undefined,
  fortran: boolean,
  bytes: Uint8Array | undefined,
  breach: Breach,
): Tensor {
  const type = plainDtype(dtype);
  if (!type && dtype instanceof NumpyDtype && /^[biufc]\d+$/.test(dtype.code))
    return new Tensor(
      undefined,
      `is a numpy array of ${dtype.order === ">" ? "big-endian numbers" : `type ${dtype.code}`}, which is not read: save torch.from_numpy(array.astype("float32"))`,
    );
  if (!type || !bytes) return new Tensor();
  const dims = shape instanceof Tuple ? shape.items.map(Number) : [];
  if (!dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0) || dims.length > 64)
    throw breach("a numpy array's shape is not up to 64 whole numbers");
  if (bytes.length % type.bytes !== 0) throw breach(`a numpy array of ${type.name} has ${bytes.length} bytes`);
  const strides = dims.map(() => 1);
  let step = 1;
  for (let i = 0; i < dims.length; i++) {
    const dim = fortran ? i : dims.length - 1 - i;
    strides[dim] = step;
    step = Math.min(step * dims[dim]!, Number.MAX_SAFE_INTEGER); // what is too large for its bytes is found with the others
  }
  const storage = new Storage("", type, bytes.length / type.bytes, 0, bytes);
  return new Tensor({ storage, dtype: type, offset: 0, shape: dims, strides } satisfies Layout);
}

function plainDtype(dtype: Value | undefined): TorchDtype | undefined {
  if (!(dtype instanceof NumpyDtype) || dtype.order === ">") return undefined;
  return torchDtype(codes.get(dtype.code) ?? "");
}

function smaller(integer: bigint): number | bigint {
  const number = Number(integer);
  return Number.isSafeInteger(number) ? number : integer;
}
