/**
 * Writing: read back by our reader, and equal byte for byte to what the format's own implementation (Python's safetensors 0.8.0)
 * wrote of the same tensors, so that no Python is needed here. That Python reads our files too was also seen directly, once:
 * `save()` below wrote a file with every dtype of test/golden's dtypes.safetensors, and
 *   python -c 'import safetensors.torch as s, sys; a, b = map(s.load_file, sys.argv[1:]);
 *              print(all((a[k].untyped_storage().tolist() == b[k].untyped_storage().tolist()) for k in b))' OURS GOLDEN
 * printed True.
 */
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { OptionError, WeightError } from "../errors.ts";
import { bytesSource } from "../platform/byte-source.ts";
import { openSafetensors } from "./safetensors.ts";
import { readSafetensorsHeader } from "./safetensors-header.ts";
import { type TensorToWrite, writeSafetensors } from "./safetensors-write.ts";
import { isSafetensorsDtype } from "./stored-dtypes.ts";
import type { WeightFile } from "./weight-file.ts";

const golden = (name: string) => readFile(new URL(`../../test/golden/safetensors/${name}`, import.meta.url));

const bytesOf = (file: WeightFile, name: string) => file.tensors.get(name)!.readBytes();

/** A file read by us and written again: by its numbers where it has them, by its bytes where not. */
async function save(bytes: Uint8Array): Promise<Uint8Array> {
  const file = await openSafetensors(bytes);
  const tensors: TensorToWrite[] = [];
  for (const [name, { stored, shape, read, readBytes }] of file.tensors) {
    if (!isSafetensorsDtype(stored)) throw new Error(`${name}: ${stored}`);
    if (/^(C64|F4|F8)/.test(stored) || name === "I64 large") {
      tensors.push({ name, dtype: stored, shape, bytes: await readBytes() });
    } else {
      tensors.push({ name, dtype: stored, shape, data: await read() });
    }
  }
  return writeSafetensors(tensors.reverse(), file.metadata);
}

describe("as the format's own implementation writes", () => {
  test.each(["dtypes.safetensors", "names.safetensors"])("%s", async (name) => {
    const expected = await golden(name);
    expect(Buffer.from(await save(expected)).equals(expected)).toBe(true);
  });

  test("one rounding to F16, as numpy's, and to BF16, as torch's", async () => {
    const file = await openSafetensors(await golden("rounding.safetensors"));
    const wide = await file.tensors.get("f64")!.read();
    const narrow = await file.tensors.get("f32")!.read();
    const written = await openSafetensors(
      writeSafetensors([
        { name: "f16", dtype: "F16", shape: [wide.length], data: wide },
        { name: "bf16", dtype: "BF16", shape: [narrow.length], data: narrow },
      ]),
    );
    expect(wide.length).toBeGreaterThan(1500);
    expect(await bytesOf(written, "f16")).toEqual(await bytesOf(file, "f16"));
    expect(await bytesOf(written, "bf16")).toEqual(await bytesOf(file, "bf16 bits"));
  });
});

test("every tensor lies aligned to its elements, and the header to 8 bytes", async () => {
  for (const name of ["a", "ab", "abc", "abcd", "abcde", "日本"]) {
    const bytes = writeSafetensors([
      { name: "bytes", dtype: "U8", shape: [3], data: [1, 2, 3] },
      { name, dtype: "F64", shape: [], data: [0.1] },
      { name: "half", dtype: "F16", shape: [1], data: [0.1] },
    ]);
    const dataStart = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(dataStart % 8).toBe(0);
    const file = await openSafetensors(bytes);
    expect(
      [...(await readSafetensorsHeader(bytesSource(bytes))).entries].map(([key, { begin }]) => [key, begin]),
    ).toEqual([
      [name, 0],
      ["half", 8],
      ["bytes", 10],
    ]);
    expect([...(await file.tensors.get(name)!.read())]).toEqual([0.1]);
  }
});

test("integers and booleans, from numbers and bigints", async () => {
  const file = await openSafetensors(
    writeSafetensors([
      { name: "i64", dtype: "I64", shape: [3], data: [-(2n ** 63n), 2n ** 63n - 1n, 5n] },
      { name: "u64", dtype: "U64", shape: [2], data: [Number.MAX_SAFE_INTEGER, 0] },
      { name: "i8", dtype: "I8", shape: [2], data: [-128, -0] },
      { name: "bool", dtype: "BOOL", shape: [2], data: [0, 1] },
    ]),
  );
  const i64 = new BigInt64Array((await bytesOf(file, "i64")).buffer);
  expect([...i64]).toEqual([-(2n ** 63n), 2n ** 63n - 1n, 5n]);
  expect([...(await file.tensors.get("u64")!.read())]).toEqual([Number.MAX_SAFE_INTEGER, 0]);
  expect([...(await bytesOf(file, "i8"))]).toEqual([128, 0]);
  expect([...(await file.tensors.get("bool")!.read())]).toEqual([0, 1]);
});

describe("refused", () => {
  const one = (dtype: TensorToWrite["dtype"], value: number | bigint): TensorToWrite =>
    typeof value === "bigint"
      ? { name: "a", dtype, shape: [1], data: [value] }
      : { name: "a", dtype, shape: [1], data: [value] };

  test.each([
    ["F16", 65520],
    ["F16", -1e6],
    ["BF16", 3.4e38],
    ["F32", 1e39],
    ["U8", 256],
    ["U8", -1],
    ["I8", 1.5],
    ["I32", 2 ** 31],
    ["I16", Number.NaN],
    ["BOOL", 2],
    ["I64", 0.5],
    ["I64", 2n ** 63n],
    ["U64", -1n],
    ["U64", 0.5],
  ] as const)("%s of %s", (dtype, value) => {
    expect(() => writeSafetensors([one(dtype, value)])).toThrow(
      new WeightError("weights-format", `tensor "a": element 0 is ${value}, which ${dtype} cannot hold`),
    );
  });

  test("a number beyond 2^53 as a 64-bit integer: it may have been rounded", () => {
    expect(() => writeSafetensors([one("I64", 2 ** 53 + 2)])).toThrow("beyond ±2^53, I64 is written from bigints");
    expect(() => writeSafetensors([one("U64", 2 ** 53)])).not.toThrow();
  });

  test("infinities and NaN are values of floats", async () => {
    const data = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
    for (const dtype of ["F16", "BF16", "F32", "F64"] as const) {
      const file = await openSafetensors(writeSafetensors([{ name: "a", dtype, shape: [3], data }]));
      expect([...(await file.tensors.get("a")!.read())]).toEqual(data);
    }
  });

  test.each([
    [{ name: "a", dtype: "F32", shape: [2, 2], data: [1, 2, 3] }, "has 3 numbers, and 2×2 are 4"],
    [{ name: "a", dtype: "F32", shape: [1], bytes: new Uint8Array(3) }, "has 3 bytes, and 1 of F32 are 4"],
    [{ name: "a", dtype: "F4", shape: [3], bytes: new Uint8Array(2) }, "3 of F4 do not fill whole bytes"],
    [{ name: "a", dtype: "F8_E4M3", shape: [1], data: [1] }, "F8_E4M3 is written from bytes, not from numbers"],
    [{ name: "a", dtype: "U8", shape: [-1], data: [] }, "its shape -1 is not one of whole numbers"],
    [{ name: "__metadata__", dtype: "U8", shape: [0], data: [] }, "this name is the metadata's"],
    [{ name: "\ud800", dtype: "U8", shape: [0], data: [] }, "half a surrogate pair"],
    [{ name: "a", dtype: "F32", shape: [2], data: [1, "2"] }, 'tensor "a": element 1 is "2"; expected a number'],
    [{ name: "a", dtype: "F16", shape: [1], data: [undefined] }, "element 0 is undefined; expected a number"],
    [{ name: "a", dtype: "I64", shape: [1], data: ["x"] }, 'element 0 is "x"; expected a number'],
    [{ name: "a", dtype: "F32", shape: [1] }, "has neither data (numbers) nor bytes (a Uint8Array)"],
  ] as [TensorToWrite, string][])("%o", (tensor, message) => {
    expect(() => writeSafetensors([tensor])).toThrow(message);
    expect(() => writeSafetensors([tensor])).toThrow(WeightError);
  });

  test("metadata that is no Map of strings", () => {
    const write = (metadata: unknown) => () => Reflect.apply(writeSafetensors, undefined, [[], metadata]);
    expect(write({ crop: "224" })).toThrow("writeSafetensors: metadata is an object; expected a Map of strings");
    expect(write(new Map([["crop", 224]]))).toThrow('metadata "crop": is a number; expected text');
  });

  test("two tensors of one name", () => {
    const tensor: TensorToWrite = { name: "a", dtype: "U8", shape: [0], data: [] };
    expect(() => writeSafetensors([tensor, tensor])).toThrow('tensor "a": there are two of this name');
  });
});

test.each([
  [[], /writeSafetensors: tensors is undefined; expected a list/],
  [[{}], /writeSafetensors: tensors is an object; expected a list/],
  [[[1]], /writeSafetensors: a tensor is a number; expected \{ name, dtype, shape, data \}/],
])("what is no list of tensors is one clear error: %j", (given, message) => {
  const write = (): unknown => Reflect.apply(writeSafetensors, undefined, given);
  expect(write).toThrow(message);
  expect(write).toThrow(OptionError);
});
