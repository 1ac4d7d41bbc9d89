/**
 * The maps of names, held to tables that tools/golden/exports.py found without looking at names; the networks in checkpoints; and what is said
 * where nothing fits. Files of real exporters are in exports.test.ts.
 */
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { relativeError } from "../../../test/support/compare.ts";
import { shaped, stateOf, tensorsOf } from "../../../test/support/shapes-alone.ts";
import { fromRoot, tinyWeights } from "../../../test/support/small-weights.ts";
import { type Constant, constantOf } from "../../tensor/host-tensor.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { openWeights } from "../../weights/open-weights.ts";
import { writeSafetensors } from "../../weights/safetensors-write.ts";
import type { ModelName } from "../architectures.ts";
import { planConversion } from "../convert-weights.ts";
import { openModel } from "../open-model.ts";
import { fitWeights } from "./fit-weights.ts";

type Table = Record<string, Record<string, [string, Shape]>>;
const tables = JSON.parse(await readFile(fromRoot("test/golden/exports/names.json"), "utf8")) as Table;

function below(prefix: string, tensors: readonly (readonly [string, Constant])[]): [string, Constant][] {
  return tensors.map(([name, tensor]) => [prefix + name, tensor]);
}

describe("every tensor of another library's network is torchvision's of the same place", () => {
  it.each(Object.keys(tables))("%s", async (key) => {
    const table = tables[key]!;
    const model = key.split(" ")[0] as ModelName;
    for (const prefix of ["", "module.", "state_dict.model.module."]) {
      const state = stateOf(Object.entries(table).map(([name, [, shape]]) => [prefix + name, shaped(shape)]));
      const fitted = await fitWeights(state, { model });
      expect(fitted).toMatchObject({ model, prefix, folded: false, passedOver: [] });
      expect(fitted.classes).toBe(key.endsWith("model") ? 0 : 1000);
      for (const [name, [theirs]] of Object.entries(table))
        expect(fitted.state.tensors.get(theirs), name).toBe(state.tensors.get(prefix + name));
      expect(fitted.state.tensors.size).toBe(Object.keys(table).length);
    }
  });
});

describe("a network is found", () => {
  const tiny = tensorsOf("tiny");
  it("without being named, folded or not, with any number of classes or none", async () => {
    for (const model of ["resnet18", "resnet34", "resnet50", "wide_resnet50_2", "resnext50_32x4d", "tiny"] as const)
      for (const [classes, folded] of [
        [0, false],
        [7, true],
      ] as const)
        expect(await fitWeights(stateOf(tensorsOf(model, classes, folded)))).toMatchObject({ model, classes, folded });
  });

  it("beside an optimizer, single numbers and counters, in a checkpoint", async () => {
    const rest: [string, Constant][] = [
      ["optimizer.state.0.exp_avg", shaped([16, 3, 7, 7])],
      ["lr_schedulers.0.base", shaped([2])],
      ["best_acc1", shaped([])],
      ["n_averaged", shaped([1])],
    ];
    const fitted = await fitWeights(stateOf([...below("state_dict.", tiny), ...rest]), { model: "tiny" });
    expect(fitted).toMatchObject({ prefix: "state_dict.", passedOver: rest.map(([name]) => name) });
    // Not where the network has no place of its own: an optimizer's tensors are then tensors too many.
    await expect(fitWeights(stateOf([...tiny, ...rest]), { model: "tiny" })).rejects.toThrow(
      "some.pth does not fit tiny: 4 tensors unexpected (optimizer.state.0.exp_avg, lr_schedulers.0.base, best_acc1, …)",
    );
  });

  it("where its classifier is the one Linear of a Sequential", async () => {
    const renamed = tiny.map(([name, tensor]) => [name.replace(/^fc\./, "fc.1."), tensor] as const);
    expect(await fitWeights(stateOf(renamed))).toMatchObject({ model: "tiny", classes: 10 });
    const two = [...renamed, ["fc.4.weight", shaped([10, 10])], ["fc.4.bias", shaped([10])]] as const;
    await expect(fitWeights(stateOf(two), { model: "tiny" })).rejects.toThrow(
      "2 tensors unexpected (fc.4.weight, fc.4.bias)",
    );
  });

  it("by its prefix, where there are several that fit", async () => {
    const state = stateOf([...below("state_dict.", tiny), ...below("ema.module.", tiny)]);
    await expect(fitWeights(state, { model: "tiny" })).rejects.toThrow(
      'some.pth: holds 2 networks that fit, below "state_dict.", "ema.module.": write the one that you want into a file of its own, ' +
        "residual convert --prefix state_dict. IN OUT",
    );
    expect(await fitWeights(state, { prefix: "ema.module." })).toMatchObject({ model: "tiny", prefix: "ema.module." });
    await expect(fitWeights(state, { prefix: "ema." })).rejects.toThrow(
      'no ResNet\'s names are below "ema."; there are networks below "state_dict.", "ema.module."',
    );
  });

  it("by its prefix, where torchvision's training script kept an average beside it", async () => {
    const averaged = ["model_ema.n_averaged", shaped([])] as const;
    const state = stateOf([...below("model.", tiny), averaged, ...below("model_ema.module.", tiny)]);
    await expect(fitWeights(state, { model: "tiny" })).rejects.toThrow(
      'holds 2 networks that fit, below "model.", "model_ema.module."',
    );
    expect((await fitWeights(state, { prefix: "model." })).passedOver).toContain("model_ema.n_averaged");
  });

  it("by its shapes, where another stands beside it", async () => {
    const state = stateOf([...below("student.", tiny), ...below("teacher.", tensorsOf("resnet18"))]);
    const fitted = await fitWeights(state, { model: "tiny" });
    expect(fitted).toMatchObject({ model: "tiny", prefix: "student.", others: ["teacher."] });
    expect(fitted.passedOver).toContain("teacher.fc.bias");
    expect(await fitWeights(stateOf([...tiny, ...below("ema.", tiny)]))).toMatchObject({
      prefix: "",
      others: ["ema."],
    });
    expect(await fitWeights(state, { model: "tiny", prefix: "student." })).toMatchObject({ model: "tiny" });
  });
});

describe("what does not fit is said, with the nearest fit", () => {
  it("a name that was mistyped", async () => {
    const tensors = tensorsOf("tiny").map(
      ([name, t]) => [name.replace("layer2.1.conv2.weight", "layer2.1.con2.weight"), t] as const,
    );
    await expect(fitWeights(stateOf(tensors), { model: "tiny" })).rejects.toThrow(
      '1 tensor missing (layer2.1.conv2.weight), 1 tensor unexpected (layer2.1.con2.weight): is "layer2.1.con2.weight" the missing layer2.1.conv2.weight?',
    );
  });

  it("a name whose tensor has another shape is no nearest fit", async () => {
    const positional = tensorsOf("tiny").filter(([name]) => name !== "conv1.weight");
    const state = stateOf([...positional, ["conv1.weights", shaped([3])], ["conv.weight", shaped([16, 3, 7, 7])]]);
    await expect(fitWeights(state, { model: "tiny" })).rejects.toThrow('is "conv.weight" the missing conv1.weight?');
  });

  it("what stands beside several networks", async () => {
    const tiny = tensorsOf("tiny");
    const state = stateOf([...below("q.", tiny), ...below("k.", tiny), ["queue", shaped([128, 8])]]);
    await expect(fitWeights(state, { model: "tiny" })).rejects.toThrow(
      '1 tensor unexpected (queue): residual convert --prefix q. IN OUT writes the network alone, and there is another below "k."',
    );
  });

  it("another network, nearly", async () => {
    const tensors = tensorsOf("resnet34").filter(([name]) => name !== "layer4.2.bn2.bias");
    await expect(fitWeights(stateOf(tensors), { model: "resnet18" })).rejects.toThrow(
      /does not fit resnet18: .*: the nearest network is resnet34, with 1 tensor missing \(layer4\.2\.bn2\.bias\)$/,
    );
    await expect(fitWeights(stateOf(tensors))).rejects.toThrow(
      "some.pth does not fit any network (the nearest is resnet34): 1 tensor missing (layer4.2.bn2.bias)",
    );
  });

  it("no network at all", async () => {
    await expect(fitWeights(stateOf([]), { model: "tiny" })).rejects.toThrow("some.pth: holds no tensors");
    await expect(fitWeights(stateOf([["a", shaped([2])]]))).rejects.toThrow(
      /does not fit any network .*1 tensor unexpected \(a\)/,
    );
  });
});

it("folded weights give the vectors of the unfolded ones, through a network without norms", async () => {
  const bytes = await tinyWeights({ classes: 4 });
  const source = await openWeights(bytes);
  const plan = await planConversion(source, { foldBatchNorm: true });
  const tensors = await Promise.all(
    plan.tensors.map(async ({ bytes: read, ...rest }) => ({ ...rest, bytes: await read() })),
  );
  const folded = writeSafetensors(tensors, plan.metadata);
  const photo = fromRoot("examples/photos/cat.png");
  const vectors: Float32Array[] = [];
  for (const weights of [bytes, folded]) {
    using model = await openModel({ model: "tiny", weights, device: "wasm" });
    expect(model.info.nodeNames.includes("bn1")).toBe(weights === bytes);
    vectors.push((await model.features(photo)).vector);
  }
  const [a, b] = vectors as [Float32Array, Float32Array];
  expect(relativeError(b, a)).toBeLessThan(1e-5);
  expect(a).not.toEqual(new Float32Array(a.length));
  await source.close();
});

it("a constant in memory is enough", async () => {
  const tensors = tensorsOf("tiny", 2).map(
    ([name, { shape }]) => [name, constantOf(new Float32Array(sizeOf(shape)), shape)] as const,
  );
  expect((await fitWeights(stateOf(tensors))).model).toBe("tiny");
});
