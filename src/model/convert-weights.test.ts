/** What a conversion makes of each tensor, and that reading it back finds every difference. */
import { expect, it } from "vitest";
import { tinyWeights } from "../../test/support/small-weights.ts";
import { presets } from "../image/preset.ts";
import { openWeights } from "../weights/open-weights.ts";
import { streamSafetensors, type TensorToWrite, writeSafetensors } from "../weights/safetensors-write.ts";
import { storedTensor } from "../weights/weight-file.ts";
import { type ConvertOptions, planConversion } from "./convert-weights.ts";
import { verifyConversion } from "./verify-conversion.ts";

async function convert(source: Uint8Array<ArrayBuffer>, options: ConvertOptions = {}) {
  const state = await openWeights(source);
  const plan = await planConversion(state, options);
  const chunks: Uint8Array[] = [];
  // A copy: the writer lets go of each chunk's memory.
  const size = await streamSafetensors(plan.tensors, plan.metadata, async (chunk) => void chunks.push(chunk.slice()));
  const bytes = new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
  expect(bytes.length).toBe(size);
  await verifyConversion(plan, bytes);
  return { plan, bytes, file: await openWeights(bytes), state };
}

it("floats become what was asked for, rounded once; whole numbers stay; all else is as it was", async () => {
  const source = await tinyWeights({ classes: 4, metadata: { classes: '["a","b","c","d"]', licence: "none" } });
  const plain = await convert(source);
  expect(plain.plan).toMatchObject({ model: "tiny", owner: "torchvision", prefix: "", passedOver: [] });
  for (const [name, tensor] of plain.state.tensors)
    expect(await plain.file.tensors.get(name)!.readBytes(), name).toEqual(await tensor.readBytes());
  const half = await convert(source, { dtype: "f16" });
  const [from, to] = [plain.file.tensors.get("conv1.weight")!, half.file.tensors.get("conv1.weight")!];
  expect(to.stored).toBe("F16");
  expect(await to.read()).toEqual(Float32Array.from(await from.read(), (value) => new Float16Array([value])[0]!));
  const { metadata } = half.file;
  expect(Object.fromEntries(metadata)).toMatchObject({
    ...{
      classes: '["a","b","c","d"]',
      licence: "none",
      model: "tiny",
      converted_from: "bytes",
      crop: "64",
      resize: "64",
    },
    ...{ mean: "0.485,0.456,0.406", interpolation: "bilinear" },
  });
});

it("a file of torchvision's own says how its pictures are prepared", async () => {
  const state = await openWeights(await tinyWeights());
  const named = { ...state, metadata: new Map(), source: "/somewhere/resnet50-11ad3fa6.pth" };
  const { metadata } = await planConversion(named);
  expect(metadata.get("resize")).toBe(String(presets["torchvision-v2"].resize.shorter));
  expect(metadata.get("converted_from")).toBe("resnet50-11ad3fa6.pth");
});

it("names are kept where asked, of whatever network, and dtypes that are no floats", async () => {
  const tensors: TensorToWrite[] = [
    { name: "any.thing", dtype: "F64", shape: [2], data: [0.1, 3] },
    { name: "count", dtype: "I64", shape: [], data: [7n] },
    { name: "wave", dtype: "C64", shape: [1], bytes: new Uint8Array(8).fill(1) },
  ];
  const { file } = await convert(writeSafetensors(tensors), { keepNames: true, dtype: "f32" });
  expect([...file.tensors].map(([name, { stored }]) => [name, stored]).sort()).toEqual([
    ["any.thing", "F32"],
    ["count", "I64"],
    ["wave", "C64"],
  ]);
  expect([...(await file.tensors.get("any.thing")!.read())]).toEqual([Math.fround(0.1), 3]);
});

it("what cannot be held or folded is refused with the tensor's name", async () => {
  const [large, other] = [new Float32Array([1e6]), await openWeights(await tinyWeights())];
  const file = writeSafetensors([{ name: "large", dtype: "F32", shape: [1], data: large }]);
  await expect(convert(file, { keepNames: true, dtype: "f16" })).rejects.toThrow(
    'tensor "large": element 0 is 1000000, which F16 cannot hold',
  );
  const wide = storedTensor("x.pth", "wide", "C128", [1], async () => new Uint8Array(16));
  await expect(planConversion({ ...other, tensors: new Map([["wide", wide]]) }, { keepNames: true })).rejects.toThrow(
    'tensor "wide" has elements of C128, which no safetensors file can hold',
  );
  const folded = await convert(await tinyWeights(), { foldBatchNorm: true });
  await expect(planConversion(folded.file, { foldBatchNorm: true })).rejects.toThrow(
    "its batch norms are folded already",
  );
});

it("reading back finds one byte, one tensor, one text", async () => {
  const { plan, bytes, file } = await convert(await tinyWeights());
  const changed = bytes.slice();
  changed[changed.length - 5]! ^= 1;
  await expect(verifyConversion(plan, changed)).rejects.toThrow(
    /was written, and tensor "\S+" differs at byte \d+: delete it/,
  );
  await expect(verifyConversion({ ...plan, tensors: plan.tensors.slice(1) }, bytes)).rejects.toThrow(
    /has \d+ of \d+ tensors/,
  );
  const more = new Map([...file.metadata, ["extra", "1"]]);
  await expect(verifyConversion({ ...plan, metadata: more }, bytes)).rejects.toThrow('its metadata "extra" is not');
});
