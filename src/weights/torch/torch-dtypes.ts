/**
 * PyTorch's element types: their names in a pickle (`torch.float32`, `FloatStorage`), their sizes, and what a weight file of ours
 * calls them. Those that no file of ours can hold (quantized, complex32, bits) have no such name: their tensors are refused by name.
 * From torch/storage.py, `_dtype_to_storage_type_map` and `_new_dtypes`.
 */
import type { StoredDtype } from "../stored-dtypes.ts";

export interface TorchDtype {
  /** As torch prints it, without `torch.` */
  readonly name: string;
  readonly bytes: number;
  readonly stored?: StoredDtype;
}

const dtypes: readonly TorchDtype[] = [
  { name: "float64", bytes: 8, stored: "F64" },
  { name: "float32", bytes: 4, stored: "F32" },
  { name: "float16", bytes: 2, stored: "F16" },
  { name: "bfloat16", bytes: 2, stored: "BF16" },
  { name: "int64", bytes: 8, stored: "I64" },
  { name: "int32", bytes: 4, stored: "I32" },
  { name: "int16", bytes: 2, stored: "I16" },
  { name: "int8", bytes: 1, stored: "I8" },
  { name: "uint64", bytes: 8, stored: "U64" },
  { name: "uint32", bytes: 4, stored: "U32" },
  { name: "uint16", bytes: 2, stored: "U16" },
  { name: "uint8", bytes: 1, stored: "U8" },
  { name: "bool", bytes: 1, stored: "BOOL" },
  { name: "complex128", bytes: 16, stored: "C128" },
  { name: "complex64", bytes: 8, stored: "C64" },
  { name: "float8_e4m3fn", bytes: 1, stored: "F8_E4M3" },
  { name: "float8_e4m3fnuz", bytes: 1, stored: "F8_E4M3FNUZ" },
  { name: "float8_e5m2", bytes: 1, stored: "F8_E5M2" },
  { name: "float8_e5m2fnuz", bytes: 1, stored: "F8_E5M2FNUZ" },
  { name: "float8_e8m0fnu", bytes: 1, stored: "F8_E8M0" },
  // Two numbers a byte, and torch counts the bytes.
  { name: "float4_e2m1fn_x2", bytes: 1, stored: "F4" },
  { name: "complex32", bytes: 4 },
  { name: "bcomplex32", bytes: 4 },
  { name: "qint8", bytes: 1 },
  { name: "quint8", bytes: 1 },
  { name: "qint32", bytes: 4 },
  { name: "quint4x2", bytes: 1 },
  { name: "quint2x4", bytes: 1 },
  { name: "bits8", bytes: 1 },
  { name: "bits16", bytes: 2 },
  { name: "bits1x8", bytes: 1 },
  { name: "bits2x4", bytes: 1 },
  { name: "bits4x2", bytes: 1 },
];

const byName = new Map(dtypes.map((dtype) => [dtype.name, dtype]));

/** Classes of storages and of the tensors that PyTorch 0.x had one of for each type, by what stands before the word. */
const byClass: ReadonlyMap<string, string> = new Map([
  ["Double", "float64"],
  ["Float", "float32"],
  ["Half", "float16"],
  ["BFloat16", "bfloat16"],
  ["Long", "int64"],
  ["Int", "int32"],
  ["Short", "int16"],
  ["Char", "int8"],
  ["Byte", "uint8"],
  ["Bool", "bool"],
  ["ComplexDouble", "complex128"],
  ["ComplexFloat", "complex64"],
  ["QInt8", "qint8"],
  ["QUInt8", "quint8"],
  ["QInt32", "qint32"],
  ["QUInt4x2", "quint4x2"],
  ["QUInt2x4", "quint2x4"],
]);

export function torchDtype(name: string): TorchDtype | undefined {
  return byName.get(name);
}

/** The type of `FloatStorage` (`word` is "Storage") or `FloatTensor` ("Tensor"). */
export function dtypeOfClass(name: string, word: "Storage" | "Tensor"): TorchDtype | undefined {
  return name.endsWith(word) ? byName.get(byClass.get(name.slice(0, -word.length)) ?? "") : undefined;
}

/** What an untyped storage counts. */
export const uint8 = byName.get("uint8")!;
