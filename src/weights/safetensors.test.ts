/**
 * Reading: against files of the format's own implementation (test/golden/safetensors, made by tools/golden/weights.py), and each
 * breach of its rules. Writing is tested in safetensors-write.test.ts.
 */
import { copyFile, mkdtemp, readFile, rm, truncate, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UnsupportedError, WeightError } from "../errors.ts";
import { bytesSource } from "../platform/byte-source.ts";
import { openSafetensors } from "./safetensors.ts";
import { readSafetensorsHeader } from "./safetensors-header.ts";
import { byteLength, safetensorsDtypes } from "./stored-dtypes.ts";

const golden = new URL("../../test/golden/safetensors/", import.meta.url);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residual-safetensors-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A file of this header and as many bytes of data, 1, 2, 3, …; `length` overrides what the file says of its header. */
function fileOf(header: string | Uint8Array, dataBytes = 0, length?: bigint): Uint8Array<ArrayBuffer> {
  const json = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const file = new Uint8Array(8 + json.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, length ?? BigInt(json.length), true);
  file.set(json, 8);
  for (let i = 0; i < dataBytes; i++) file[8 + json.length + i] = i + 1;
  return file;
}

const tensor = (dtype: string, shape: unknown, offsets: unknown) =>
  JSON.stringify({ dtype, shape, data_offsets: offsets });

describe("files of the format's own implementation", () => {
  test("every dtype reads exactly, or says that it is not read as numbers", async () => {
    const values: Record<string, { shape: number[]; values: string[] | null }> = JSON.parse(
      await readFile(new URL("values.json", golden), "utf8"),
    );
    const file = await openSafetensors(new URL("dtypes.safetensors", golden));
    expect(Object.fromEntries(file.metadata)).toEqual({ "made by": "tools/golden/weights.py" });
    expect([...file.tensors.keys()].sort()).toEqual(Object.keys(values).sort());
    let read = 0;
    for (const [name, { shape, values: texts }] of Object.entries(values)) {
      const constant = file.tensors.get(name)!;
      expect(constant.shape, name).toEqual(shape);
      if (name === "I64 large") {
        await expect(constant.read()).rejects.toThrow(
          'tensor "I64 large": element 1 is 9007199254740993; whole numbers beyond',
        );
      } else if (texts === null) {
        await expect(constant.read(), name).rejects.toThrow(UnsupportedError);
        await expect(constant.read(), name).rejects.toThrow(`tensor "${name}": ${name} is not read as numbers`);
        expect(await constant.readBytes()).toHaveLength(byteLength(constant.stored, shape)!);
      } else {
        const data = await constant.read();
        expect(data, name).toBeInstanceOf(constant.dtype === "float64" ? Float64Array : Float32Array);
        const numbers = texts.map((text) => Number(text.replace("inf", "Infinity").replace("nan", "NaN")));
        expect([...data], name).toEqual(numbers);
        read++;
      }
    }
    expect(read).toBe(15);
    // What torch cannot save (it has no six-bit floats) is in the table all the same.
    const missing = Object.keys(safetensorsDtypes).filter((dtype) => !(dtype in values));
    expect(missing).toEqual(["F6_E2M3", "F6_E3M2"]);
    await file.close();
  });

  test("names of every kind, scalars and empty tensors; the header's order is kept", async () => {
    const file = await openSafetensors(new URL("names.safetensors", golden));
    const order = ["scalar long", "", "10", "9", "__proto__", 'a "quoted\\" name\n', "a/b c.weight", "constructor"];
    expect([...file.tensors.keys()]).toEqual([...order, "no rows", "none", "слой.вес", "层.权重", "🦊"]);
    expect(file.metadata.get("__proto__")).toBe("ключ ✓");
    const value = async (name: string) => [...(await file.tensors.get(name)!.read())];
    expect(await value("__proto__")).toEqual([0]);
    expect(await value("10")).toEqual([3]);
    expect(await value("层.权重")).toEqual([7]);
    expect(await value("🦊")).toEqual([8]);
    expect(await value("scalar long")).toEqual([-3]);
    expect(file.tensors.get("scalar long")!.shape).toEqual([]);
    expect(file.tensors.get("no rows")!.shape).toEqual([3, 0, 5]);
    expect(await value("no rows")).toEqual([]);
    expect(file.tensors.get("toString")).toBeUndefined();
    await file.close();
  });

  test("unaligned tensors in another order than the header's, from a file, a Blob, bytes and an open source", async () => {
    const url = new URL("unaligned.safetensors", golden);
    const bytes = new Uint8Array(await readFile(url));
    for (const source of [url, new Blob([bytes]), bytes, bytes.buffer, bytesSource(bytes, "open")]) {
      const file = await openSafetensors(source);
      expect([...file.tensors.keys()]).toEqual(["long", "bytes", "float"]);
      expect([...(await file.tensors.get("float")!.read())]).toEqual([1.5]);
      expect([...(await file.tensors.get("long")!.read())]).toEqual([-9]);
      expect([...(await file.tensors.get("bytes")!.readBytes())]).toEqual([1, 2, 3]);
      await file.close();
    }
  });
});

describe("late reading", () => {
  test("each read is fresh, and only the tensor's own bytes are read", async () => {
    const bytes = new Uint8Array(await readFile(new URL("dtypes.safetensors", golden)));
    const ranges: [number, number][] = [];
    const inner = bytesSource(bytes, "x");
    const read = (at: number, n: number) => {
      ranges.push([at, n]);
      return inner.read(at, n);
    };
    const file = await openSafetensors({ ...inner, read });
    const headerBytes = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(ranges).toEqual([
      [0, 8],
      [8, headerBytes],
    ]);
    const constant = file.tensors.get("F32")!;
    const first = await constant.read();
    first.fill(7);
    expect((await constant.read())[3]).toBe(-2.5);
    const { begin, end } = (await readSafetensorsHeader(inner)).entries.get("F32")!;
    expect(ranges.slice(2)).toEqual([
      [8 + headerBytes + begin, end - begin],
      [8 + headerBytes + begin, end - begin],
    ]);
  });

  test("after close reading is an error", async () => {
    const file = await openSafetensors(new URL("unaligned.safetensors", golden));
    await file.close();
    await expect(file.tensors.get("float")!.read()).rejects.toMatchObject({
      name: "WeightError",
      message: expect.stringMatching(/unaligned\.safetensors: was closed; tensor "float" cannot be read any more$/),
    });
  });

  test("a file that is cut while open is an error of weights", async () => {
    const path = join(folder, "cut.safetensors");
    await copyFile(new URL("unaligned.safetensors", golden), path);
    const file = await openSafetensors(path);
    await truncate(path, 212);
    await expect(file.tensors.get("long")!.read()).rejects.toMatchObject({
      code: "weights-format",
      name: "WeightError",
    });
    await file.close();
    await unlink(path);
  });

  test("a missing file and a folder are weights-missing", async () => {
    for (const path of [join(folder, "no.safetensors"), folder]) {
      await expect(openSafetensors(path)).rejects.toMatchObject({ name: "WeightError", code: "weights-missing" });
    }
  });
});

/** Per breach: the file, and what its error must say. */
const breaches: Record<string, [Uint8Array, string]> = {
  "too short": [
    new Uint8Array(7),
    "has 7 bytes, and a safetensors file starts with the 8 bytes of its header's length",
  ],
  empty: [new Uint8Array(0), "has 0 bytes"],
  "header over the limit": [
    fileOf("{}", 0, 100_000_001n),
    "a safetensors header of 100000001 bytes; at most 100000000",
  ],
  "header length of 2^64 - 1": [fileOf("{}", 0, 2n ** 64n - 1n), "a safetensors header of 18446744073709551615 bytes"],
  "header beyond the file": [fileOf("{}", 0, 3n), "truncated: its safetensors header has 3 bytes, and only 2 follow"],
  "no header at all": [fileOf(""), 'must start with "{"'],
  "header begins with a space": [fileOf(" {}"), 'must start with "{"'],
  "not UTF-8": [fileOf(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d])), "not valid UTF-8"],
  "an overlong UTF-8 form": [fileOf(new Uint8Array([0x7b, 0x22, 0xc0, 0x80, 0x22, 0x7d])), "not valid UTF-8"],
  "not JSON": [fileOf('{"a":}'), 'its safetensors header: found "}" at character 5, expected a value'],
  "more after the JSON": [fileOf("{} {}"), "expected nothing more"],
  "duplicate tensor": [
    fileOf(`{"a":${tensor("U8", [1], [0, 1])},"a":${tensor("U8", [1], [1, 2])}}`, 2),
    'the key "a" stands twice',
  ],
  "duplicate tensor, written with an escape": [
    fileOf(`{"a":${tensor("U8", [1], [0, 1])},"\\u0061":${tensor("U8", [1], [1, 2])}}`, 2),
    'the key "a" stands twice',
  ],
  "duplicate member": [
    fileOf('{"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}', 1),
    'the key "dtype" stands twice',
  ],
  "duplicate metadata": [fileOf('{"__metadata__":{"a":"1","a":"1"}}'), 'the key "a" stands twice'],
  "metadata is no object": [fileOf('{"__metadata__":["a"]}'), "__metadata__ must be an object of strings"],
  "metadata is null": [fileOf('{"__metadata__":null}'), "__metadata__ must be an object of strings"],
  "metadata of numbers": [fileOf('{"__metadata__":{"a":1}}'), '__metadata__: "a" must be a string'],
  "tensor is no object": [fileOf('{"a":[1]}'), 'tensor "a": must be an object with dtype, shape and data_offsets'],
  "no dtype": [fileOf('{"a":{"shape":[1],"data_offsets":[0,1]}}', 1), 'tensor "a": its dtype must be a string'],
  "unknown dtype": [
    fileOf(`{"a":${tensor("F31", [1], [0, 4])}}`, 4),
    'tensor "a": unknown dtype "F31"; known are BOOL, F4,',
  ],
  "dtype of a prototype": [fileOf(`{"a":${tensor("toString", [1], [0, 4])}}`, 4), 'unknown dtype "toString"'],
  "no shape": [fileOf('{"a":{"dtype":"U8","data_offsets":[0,1]}}', 1), "its shape must be a list of whole numbers"],
  "negative shape": [fileOf(`{"a":${tensor("U8", [-1], [0, 1])}}`, 1), "its shape must be a list of whole numbers"],
  "fractional shape": [fileOf('{"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}', 1), "its shape must be"],
  "shape beyond 2^53": [
    fileOf('{"a":{"dtype":"U8","shape":[9007199254740992],"data_offsets":[0,1]}}', 1),
    "its shape must be",
  ],
  "shape of text": [fileOf(`{"a":${tensor("U8", ["1"], [0, 1])}}`, 1), "its shape must be a list of whole numbers"],
  "product overflows": [fileOf(`{"a":${tensor("F32", [2 ** 30, 2 ** 30, 0], [0, 0])}}`), "more than 2^53 bits"],
  "no offsets": [fileOf('{"a":{"dtype":"U8","shape":[1]}}', 1), "its data_offsets must be two whole numbers"],
  "one offset": [fileOf(`{"a":${tensor("U8", [1], [1])}}`, 1), "its data_offsets must be two whole numbers"],
  "three offsets": [fileOf(`{"a":${tensor("U8", [1], [0, 1, 2])}}`, 1), "its data_offsets must be two whole numbers"],
  "negative offset": [fileOf(`{"a":${tensor("U8", [1], [-1, 0])}}`, 1), "its data_offsets must be two whole numbers"],
  "ends before it begins": [
    fileOf(`{"a":${tensor("U8", [1], [1, 0])}}`, 1),
    "its data_offsets end (0) before they begin (1)",
  ],
  "too few bytes for the shape": [
    fileOf(`{"a":${tensor("F32", [2, 3], [0, 20])}}`, 20),
    "span 20 bytes, and 2×3 of F32 are 24",
  ],
  "half a byte": [fileOf(`{"a":${tensor("F4", [3], [0, 2])}}`, 2), "3 elements of F4 do not fill whole bytes"],
  "does not begin at 0": [
    fileOf(`{"a":${tensor("U8", [1], [1, 2])}}`, 2),
    `tensor "a" begins at byte 1 of the data, 1 bytes after the data's start: there must be no hole`,
  ],
  hole: [
    fileOf(`{"b":${tensor("U8", [1], [3, 4])},"a":${tensor("U8", [2], [0, 2])}}`, 4),
    'tensor "b" begins at byte 3 of the data, 1 bytes after tensor "a": there must be no hole',
  ],
  overlap: [
    fileOf(`{"a":${tensor("U8", [2], [0, 2])},"b":${tensor("U8", [2], [1, 3])}}`, 3),
    'tensor "b" begins at byte 1 of the data and overlaps tensor "a", which ends at 2',
  ],
  "two tensors at one place": [
    fileOf(`{"a":${tensor("U8", [2], [0, 2])},"b":${tensor("U8", [2], [0, 2])}}`, 2),
    "overlaps",
  ],
  "cut data": [
    fileOf(`{"a":${tensor("U8", [4], [0, 4])}}`, 3),
    'truncated: tensor "a" ends at byte 4 of the data, and the file has 3',
  ],
  "bytes after the last tensor": [
    fileOf(`{"a":${tensor("U8", [1], [0, 1])}}`, 3),
    "2 bytes at its end belong to no tensor",
  ],
  "bytes and no tensor": [fileOf("{}", 1), "1 bytes at its end belong to no tensor"],
};

describe("breaches", () => {
  test.each(Object.entries(breaches))("%s", async (_, [file, message]) => {
    const error: unknown = await openSafetensors(bytesSource(file, "w.safetensors")).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(WeightError);
    expect(error).toMatchObject({ code: "weights-format", message: expect.stringContaining(message) });
    expect(error).toMatchObject({ message: expect.stringMatching(/^w\.safetensors: [^\n]*$/) });
  });

  test("a refused file is closed", async () => {
    let closed = 0;
    const source = { ...bytesSource(fileOf("{}", 1)), close: async () => void closed++ };
    await expect(openSafetensors(source)).rejects.toThrow(WeightError);
    expect(closed).toBe(1);
  });

  test("what is unusual and right is read", async () => {
    expect((await openSafetensors(fileOf("{}"))).tensors.size).toBe(0);
    expect((await openSafetensors(fileOf('{"__metadata__":{}}   '))).metadata.size).toBe(0);
    const file = await openSafetensors(
      fileOf(
        `{ "b" : ${tensor("F4", [2, 2], [0, 2])}, "a": {"x":[{}],${tensor("F6_E2M3", [4], [2, 5]).slice(1)} }\n`,
        5,
      ),
    );
    expect([...(await file.tensors.get("b")!.readBytes()), ...(await file.tensors.get("a")!.readBytes())]).toEqual([
      1, 2, 3, 4, 5,
    ]);
    const wrong = await openSafetensors(fileOf(`{"a":${tensor("BOOL", [2], [0, 2])}}`, 2));
    await expect(wrong.tensors.get("a")!.read()).rejects.toThrow('tensor "a": a BOOL is the byte 2; 0 and 1 are right');
  });
});

test("2000 damaged files are each read right or refused as weights", { timeout: 20_000 }, async () => {
  const original = new Uint8Array(await readFile(new URL("names.safetensors", golden)));
  let seed = 20260;
  // xorshift32 (Marsaglia 2003): the same damage on every run.
  const random = (below: number) => {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    return (seed >>> 0) % below;
  };
  const headerEnd = 8 + Number(new DataView(original.buffer).getBigUint64(0, true));
  let refused = 0;
  let read = 0;
  for (let round = 0; round < 2000; round++) {
    let file = original.slice();
    const kind = random(6);
    if (kind === 0) file = file.slice(0, random(file.length));
    else if (kind === 1) new DataView(file.buffer).setBigUint64(0, BigInt(headerEnd - 8 + random(64) - 32), true);
    else if (kind === 2) file[random(8)] = random(256);
    else {
      for (let n = 1 + random(3); n > 0; n--) {
        const at = random(kind === 3 ? file.length : headerEnd);
        file[at] = kind === 3 ? file[at]! ^ (1 << random(8)) : kind === 4 ? random(256) : 0x30 + random(10);
      }
    }
    try {
      const opened = await openSafetensors(file);
      // Whatever was accepted must cover its data once, and read as what its own header says.
      const length = Number(new DataView(file.buffer).getBigUint64(0, true));
      let covered = 0;
      for (const [name, { begin, end }] of (await readSafetensorsHeader(bytesSource(file))).entries) {
        covered += end - begin;
        expect(await opened.tensors.get(name)!.readBytes()).toEqual(file.slice(8 + length + begin, 8 + length + end));
        const constant = opened.tensors.get(name)!;
        const data = await constant.read().catch((error: unknown) => {
          if (!(error instanceof WeightError || error instanceof UnsupportedError)) throw error;
        });
        if (data) expect(data.length).toBe(constant.shape.reduce((a, b) => a * b, 1));
      }
      expect(covered).toBe(file.length - 8 - length);
      read++;
    } catch (error) {
      if (!(error instanceof WeightError)) throw error;
      expect(error.message.length).toBeLessThan(500);
      refused++;
    }
  }
  // Both must happen, or the damage is no test.
  expect(refused).toBeGreaterThan(1000);
  expect(read).toBeGreaterThan(50);
});
