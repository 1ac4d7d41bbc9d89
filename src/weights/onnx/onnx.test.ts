/**
 * ONNX files as weights: every place where numbers may be, what breaks the format, and files beside the model. The models are written by protobufjs
 * from onnx.proto, so the decoders here are held to it; files of real exporters are in src/model/names/exports.test.ts.
 */
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import protobuf from "protobufjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ResidualError, WeightError } from "../../errors.ts";
import { bytesSource } from "../../platform/byte-source.ts";
import { openWeights } from "../open-weights.ts";
import { openOnnx } from "./onnx.ts";

const proto = protobuf.parse(await readFile(new URL("onnx.proto", import.meta.url), "utf8"), { keepCase: true }).root;
const Model = proto.lookupType("residual.onnx.ModelProto");

type Fields = Readonly<Record<string, unknown>>;

function modelOf(graph: Fields, more: Fields = {}): Uint8Array {
  return Model.encode(Model.create({ ir_version: 10, graph, ...more })).finish();
}

async function tensorOf(initializer: Fields): Promise<{ bytes: Uint8Array; values: number[]; stored: string }> {
  const file = await openOnnx(bytesSource(modelOf({ initializer: [{ name: "w", ...initializer }] }), "m.onnx"));
  const tensor = file.tensors.get("w")!;
  return { bytes: await tensor.readBytes(), values: [...(await tensor.read())], stored: tensor.stored };
}

const bytesOf = (array: ArrayBufferView): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

describe("numbers are read from", () => {
  it.each([
    [
      "raw_data",
      { data_type: 1, dims: [3], raw_data: bytesOf(Float32Array.of(1, -2.5, 3e-40)) },
      "F32",
      [1, -2.5, Math.fround(3e-40)],
    ],
    [
      "raw_data of halves",
      { data_type: 10, dims: [2], raw_data: bytesOf(Uint16Array.of(0x3c00, 0xc100)) },
      "F16",
      [1, -2.5],
    ],
    ["float_data", { data_type: 1, dims: [2, 1], float_data: [0.5, -4] }, "F32", [0.5, -4]],
    ["double_data", { data_type: 11, dims: [2], double_data: [0.1, -1e300] }, "F64", [0.1, -1e300]],
    [
      "int32_data",
      { data_type: 6, dims: [3], int32_data: [-1, 2147483647, -2147483648] },
      "I32",
      [-1, 2147483647, -2147483648],
    ],
    ["int32_data, halves' bits", { data_type: 10, dims: [2], int32_data: [0x3c00, 0xc100] }, "F16", [1, -2.5]],
    ["int32_data, bfloat16's bits", { data_type: 16, dims: [2], int32_data: [0x3f80, 0xc020] }, "BF16", [1, -2.5]],
    ["int32_data, bytes", { data_type: 3, dims: [2], int32_data: [-128, 127] }, "I8", [-128, 127]],
    ["int32_data, booleans", { data_type: 9, dims: [2], int32_data: [1, 0] }, "BOOL", [1, 0]],
    ["int64_data", { data_type: 7, dims: [2], int64_data: [-7, 4503599627370496] }, "I64", [-7, 4503599627370496]],
    ["uint64_data", { data_type: 13, dims: [1], uint64_data: [4503599627370497] }, "U64", [4503599627370497]],
    ["uint64_data, 32 bits", { data_type: 12, dims: [1], uint64_data: [4294967295] }, "U32", [4294967295]],
    ["nowhere, where there are none", { data_type: 1, dims: [0, 4] }, "F32", []],
    ["raw_data, a scalar", { data_type: 1, raw_data: bytesOf(Float32Array.of(7)) }, "F32", [7]],
  ])("%s", async (_, initializer, stored, values) => {
    expect(await tensorOf(initializer)).toMatchObject({ stored, values });
  });

  it("fields that are not packed, as older writers have them", async () => {
    // TensorProto: dims 2, data_type 1, float_data twice (tag 0x25), name w.
    const tensor = [0x08, 2, 0x10, 1, 0x25, 0, 0, 0x80, 0x3f, 0x25, 0, 0, 0, 0xc0, 0x42, 1, 0x77];
    const graph = [0x2a, tensor.length, ...tensor];
    const file = await openOnnx(Uint8Array.of(0x08, 8, 0x3a, graph.length, ...graph));
    expect([...(await file.tensors.get("w")!.read())]).toEqual([1, -2]);
  });

  it("integers that are not packed", async () => {
    const tensor = [0x08, 2, 0x10, 6, 0x28, 5, 0x28, 0xac, 0x02, 0x42, 1, 0x77];
    const file = await openOnnx(Uint8Array.of(0x08, 8, 0x3a, tensor.length + 2, 0x2a, tensor.length, ...tensor));
    expect([...(await file.tensors.get("w")!.read())]).toEqual([5, 300]);
  });
});

it("the graph: nodes, attributes, constants, inputs that no initialiser gives, metadata", async () => {
  const raw = { data_type: 1, dims: [1], raw_data: bytesOf(Float32Array.of(3)) };
  const node = {
    ...{ op_type: "Conv", input: ["x", "w"], output: ["y"], name: "/conv", domain: "ai.onnx" },
    attribute: [
      { name: "strides", ints: [2, -1] },
      { name: "epsilon", f: 0.5 },
      { name: "group", i: 32 },
      { name: "auto_pad", s: new TextEncoder().encode("NOTSET") },
    ],
  };
  const constant = { op_type: "Constant", output: ["c"], attribute: [{ name: "value", t: raw }] };
  const file = await openOnnx(
    modelOf(
      {
        ...{ node: [node, constant], initializer: [{ name: "w", ...raw }] },
        ...{ input: [{ name: "x" }, { name: "w" }], output: [{ name: "y" }] },
      },
      { metadata_props: [{ key: "crop", value: "224" }] },
    ),
  );
  const [conv] = file.graph.nodes;
  expect(conv).toMatchObject({ op: "Conv", domain: "", inputs: ["x", "w"], outputs: ["y"], name: "/conv" });
  expect(conv!.attributes.get("strides")?.ints).toEqual([2, -1]);
  expect(conv!.attributes.get("epsilon")?.float).toBe(0.5);
  expect(conv!.attributes.get("group")?.int).toBe(32);
  expect(conv!.attributes.get("auto_pad")?.text).toBe("NOTSET");
  expect(file.graph).toMatchObject({ inputs: ["x"], outputs: ["y"] });
  expect([...(await file.graph.constants.get("c")!.read())]).toEqual([3]);
  expect(file.metadata.get("crop")).toBe("224");
  await file.close();
  await expect(
    openWeights(bytesSource(modelOf({ name: "g" }), "m.onnx")).then((one) => one.tensors.size),
  ).resolves.toBe(0);
});

describe("refused", () => {
  const raw = (more: Fields) => ({ initializer: [{ name: "w", data_type: 1, dims: [2], ...more }] });
  it.each([
    [
      "too few bytes",
      raw({ raw_data: new Uint8Array(7) }),
      'm.onnx: tensor "w": its raw_data has 7 bytes, and 2 of F32 are 8',
    ],
    [
      "too many numbers",
      raw({ float_data: [1, 2, 3] }),
      'tensor "w": its float_data has 12 bytes, too few or too many for 2 of F32',
    ],
    [
      "two places",
      raw({ raw_data: new Uint8Array(8), float_data: [1, 2] }),
      "in raw_data and in float_data; one place",
    ],
    ["the wrong field", raw({ int32_data: [1, 2] }), "has its F32 in int32_data; float_data is right"],
    ["no numbers", raw({}), "its float_data has 0 bytes, too few"],
    ["strings", raw({ data_type: 8, string_data: [new Uint8Array(1)] }), "has strings, which are not read"],
    ["an unknown type", raw({ data_type: 23 }), "elements of ONNX's type 23; floats"],
    ["a negative size", raw({ dims: [-2] }), "has -2 in its shape"],
    ["an overflow", raw({ dims: [2 ** 40, 2 ** 40] }), "are more than 2^53 bits"],
    [
      "two of a name",
      { initializer: [raw({ float_data: [1, 2] }).initializer[0], raw({ float_data: [1, 2] }).initializer[0]] },
      'two tensors named "w"',
    ],
    ["sparse tensors", { sparse_initializer: [{}] }, "has sparse tensors"],
    [
      "data beside bytes",
      raw({ data_location: 1, external_data: [{ key: "location", value: "w.bin" }] }),
      'is in the file "w.bin" beside the model, which has no folder here',
    ],
    ["data nowhere", raw({ data_location: 1 }), "no location says in which"],
  ])("%s", async (_, graph, message) => {
    const error = await openOnnx(bytesSource(modelOf(graph), "m.onnx")).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(WeightError);
    expect((error as Error).message).toContain(message);
  });

  it("a list that is cut in the middle of a number, when it is read", async () => {
    const error = await tensorOf({ data_type: 6, dims: [2], int32_data: [1, 2, 3] }).catch((e: unknown) => e);
    expect(error).toMatchObject({
      code: "weights-format",
      message: expect.stringContaining("more numbers than its shape"),
    });
  });

  it.each([
    ["no graph", [0x08, 8], "has no graph"],
    ["two graphs", [0x08, 8, 0x3a, 0, 0x3a, 0], "has two graphs"],
    ["a group", [0x08, 8, 0x3b], "a field of wire type 3 in the model at byte 2"],
    ["a length past the end", [0x08, 8, 0x3a, 200, 1], "a field of 200 bytes where 0 follow"],
    ["a number that does not end", [0x08, 8, 0x3a, 0xff, 0xff], "cut off in the model at byte 2"],
    ["a node that is cut", [0x08, 8, 0x3a, 4, 0x0a, 2, 0x0a, 9], "no valid one"],
  ])("%s", async (_, bytes, message) => {
    await expect(openOnnx(bytesSource(Uint8Array.from(bytes), "m.onnx"))).rejects.toThrow(message);
  });
});

describe("data in files beside the model", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "residual-onnx-"));
    await mkdir(join(folder, "model", "data"), { recursive: true });
    await writeFile(join(folder, "model", "data", "w.bin"), bytesOf(Float32Array.of(9, 1, 2, 3)));
    await writeFile(join(folder, "secret.bin"), new Uint8Array(16));
    await symlink(join(folder, "secret.bin"), join(folder, "model", "out.bin"));
    await symlink("data/w.bin", join(folder, "model", "in.bin"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const open = async (entries: Record<string, string>) => {
    const external_data = Object.entries(entries).map(([key, value]) => ({ key, value }));
    const initializer = [{ name: "w", data_type: 1, dims: [2], data_location: 1, external_data }];
    await writeFile(join(folder, "model", "m.onnx"), modelOf({ initializer }));
    return openWeights(join(folder, "model", "m.onnx"));
  };

  it.each(["data/w.bin", "./data/w.bin", "in.bin"])("are read from %s", async (location) => {
    await using closing = {
      file: await open({ location, offset: "4", length: "8" }),
      [Symbol.asyncDispose]: async () => closing.file.close(),
    };
    expect([...(await closing.file.tensors.get("w")!.read())]).toEqual([1, 2]);
  });

  it.each([
    [{ location: "../secret.bin" }, /names the file "\.\.\/secret\.bin", and only a relative path into its own folder/],
    [{ location: "data/../../secret.bin" }, /only a relative path/],
    [{ location: "/etc/hostname" }, /only a relative path/],
    [{ location: "C:\\w.bin" }, /only a relative path/],
    [{ location: "file:///etc/hostname" }, /only a relative path/],
    [{ location: "" }, /only a relative path/],
    [{ location: "out.bin" }, /out\.bin: is a link out of the folder/],
    [{ location: "data" }, /is a folder/],
    [{ location: "none.bin" }, /none\.bin: no such file/],
    [{ location: "data/w.bin", offset: "12" }, /ends at byte 20 of "data\/w\.bin", which has 16/],
    [{ location: "data/w.bin", length: "12" }, /has 12 bytes in "data\/w\.bin", and 2 of F32 are 8/],
    [{ location: "data/w.bin", offset: "-1" }, /its offset in "data\/w\.bin" is "-1", no whole number/],
  ])("%j is refused", async (entries, message) => {
    const error = await open(entries).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(WeightError);
    expect((error as Error).message).toMatch(message);
  });
});

it("what is many beyond reason is refused before it costs anything", async () => {
  const wide = { op_type: "Concat", input: Array.from({ length: 10_001 }, () => "x") };
  await expect(openOnnx(modelOf({ node: [wide] }))).rejects.toThrow("a list of more than 10000 items");
  const nodes = Array.from({ length: 50_001 }, () => ({}));
  await expect(openOnnx(modelOf({ node: nodes }))).rejects.toThrow("has more than 50000 fields, which no network has");
});

it("1000 damaged models are each read or refused as weights", async () => {
  const whole = modelOf({
    node: [{ op_type: "Conv", input: ["x", "a"], output: ["y"], attribute: [{ name: "pads", ints: [1, 1] }] }],
    initializer: [
      { name: "a", data_type: 1, dims: [2], raw_data: new Uint8Array(8) },
      { name: "b", data_type: 10, dims: [3], int32_data: [1, 2, 70000] },
    ],
  });
  let state = 1;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % below;
  };
  let refused = 0;
  for (let i = 0; i < 1000; i++) {
    const bytes = Uint8Array.from(whole.subarray(0, random(4) === 0 ? random(whole.length) : whole.length));
    for (let flips = random(4); flips >= 0 && bytes.length > 0; flips--) bytes[random(bytes.length)]! ^= 1 << random(8);
    try {
      const file = await openOnnx(bytes);
      for (const tensor of file.tensors.values()) await tensor.readBytes();
    } catch (error) {
      expect(error, `damaged model ${i}`).toBeInstanceOf(ResidualError);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(300);
});
