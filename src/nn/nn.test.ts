/** Networks: torchvision's names to the letter, shapes, taps by name, and weights that fit or are said not to. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { add, mean, relu } from "../engine/functions.ts";
import type { Tensor } from "../engine/tensor.ts";
import { OptionError, WeightError } from "../errors.ts";
import { nodeNames } from "../graph/graph.ts";
import { createNetwork, isModelName } from "../model/architectures.ts";
import { constantOf, type StateDict } from "../tensor/host-tensor.ts";
import { sizeOf } from "../tensor/shape.ts";
import { BatchNorm2d, Conv2d, Linear, ReLU, Sequential } from "./layers.ts";
import { compareStateDict, loadStateDict } from "./load-state-dict.ts";
import { call, Module, namedParameters } from "./module.ts";
import { BasicBlock, ResNet } from "./resnet.ts";
import { trace, withOutputs } from "./trace.ts";

type StateDictTensors = Map<string, ReturnType<typeof constantOf>>;

interface Names {
  nodes: string[];
  tensors: Record<string, number[]>;
}

const golden: Record<string, Names> = JSON.parse(
  readFileSync(new URL("../../test/golden/node-names.json", import.meta.url), "utf8"),
);

describe.each(Object.keys(golden))("%s", (name) => {
  if (!isModelName(name)) throw new Error(`the golden has ${name}, which is no network of ours`);
  const network = createNetwork(name, 1000);

  it("names its nodes as torchvision's get_graph_node_names does", () => {
    expect(nodeNames(trace(network, [3, 224, 224]))).toEqual(golden[name]!.nodes);
  });

  it("has torchvision's parameters and buffers, in its order and of its shapes", () => {
    const ours = [...namedParameters(network)].map(([key, parameter]) => [key, [...parameter.shape]]);
    expect(ours).toEqual(Object.entries(golden[name]!.tensors));
  });

  it("folded, has a bias in the place of each batch norm, and the same nodes but these", () => {
    const folded = createNetwork(name, 1000, true);
    const isNorm = (path: string) => /(^|\.)bn\d$|downsample\.1$/.test(path);
    expect(nodeNames(trace(folded, [3, 224, 224]))).toEqual(golden[name]!.nodes.filter((node) => !isNorm(node)));
    const wanted = Object.entries(golden[name]!.tensors).flatMap(([key, shape]) => {
      if (isNorm(key.slice(0, key.lastIndexOf(".")))) return [];
      const bias = [key.replace(/weight$/, "bias"), shape.slice(0, 1)];
      return key.startsWith("fc.") ? [[key, shape]] : [[key, shape], bias];
    });
    expect([...namedParameters(folded)].map(([key, { shape }]) => [key, [...shape]])).toEqual(wanted);
  });
});

describe("trace", () => {
  const graph = trace(createNetwork("resnet50", 0), [3, 224, 224]);
  const output = (name: string) => withOutputs(graph, [name]).outputs[0]!;
  const nodeName = (name: string) => graph.nodes.find((node) => node.id === output(name).node)!.name;

  it("ends with the vector where there is no classifier", () => {
    expect(graph.outputs.map(({ name }) => name)).toEqual(["flatten"]);
  });

  it("takes a module's name for its last node, and keeps the name that was asked for", () => {
    expect(nodeName("layer3")).toBe("layer3.5.relu_2");
    expect(nodeName("layer3.0.downsample")).toBe("layer3.0.downsample.1");
    expect(output("layer3").name).toBe("layer3");
    expect(nodeName("layer1.0.relu")).toBe("layer1.0.relu");
  });

  it("says which names there are near a wrong one", () => {
    expect(() => output("layer3.9")).toThrow(
      /layer "layer3.9": the network has no node of that name; near it are layer3.0, layer3.1, /,
    );
    expect(() => output("pool")).toThrow(
      /there are x, conv1, bn1, relu, maxpool, avgpool, flatten, layer1, layer2, layer3, layer4 and those inside them$/,
    );
  });

  it("refuses what mixes the images of a batch", () => {
    class Mixes extends Module {
      readonly conv = new Conv2d(3, 3, { kernel: 1 });
      override forward(x: Tensor): Tensor {
        return mean(call(this.conv, x), { dims: [0], keepDim: true });
      }
    }
    expect(() => trace(new Mixes(), [3, 4, 4])).toThrow(/mean of conv .*mixes or moves dimension 0, the batch/);
  });

  it("gives no name twice, though a field has one that would be given to a node", () => {
    class Named extends Module {
      readonly relu_1 = new ReLU();
      override forward(x: Tensor): Tensor {
        return relu(relu(call(this.relu_1, relu(x))));
      }
    }
    expect(nodeNames(trace(new Named(), [3, 4, 4]))).toEqual(["x", "relu", "relu_1", "relu_2", "relu_3"]);
  });

  it.each([[[3, 32.5, 32]], [[3, 0, 32]], [[3, Number.NaN]]])("refuses images of shape %j", (shape) => {
    expect(() => trace(createNetwork("tiny", 0), shape)).toThrow(
      /^trace: the images' shape is \[.*expected whole numbers/,
    );
  });

  it("says whose forward gives no tensor, and what is no module", () => {
    class Silent extends Module {
      override forward(): Tensor {
        return Reflect.get({}, "nothing");
      }
    }
    expect(() => trace(new Silent(), [3, 4, 4])).toThrow("Silent.forward gave undefined; expected a tensor");
    expect(() => Reflect.construct(Sequential, [{}])).toThrow("Sequential: 0 is an object, no module");
    expect(() => Reflect.apply(call, undefined, [relu])).toThrow("call: a function is no module");
  });

  it("says that a module which is no field cannot be called", () => {
    class Loose extends Module {
      override forward(x: Tensor): Tensor {
        return add(call(new Conv2d(3, 3, { kernel: 1 }), x), x);
      }
    }
    expect(() => trace(new Loose(), [3, 4, 4])).toThrow(/no field of the network/);
  });
});

describe("layers and blocks", () => {
  const layers = [1, 1, 1, 1] as const;
  it.each<[what: string, make: () => Module, message: RegExp]>([
    ["BatchNorm2d without channels", () => new BatchNorm2d(0), /BatchNorm2d: channels is 0; expected a whole number/],
    ["Linear of half a feature", () => new Linear(1.5, 2), /Linear: inFeatures is 1.5; expected a whole number/],
    ["Conv2d of half a kernel", () => new Conv2d(3, 3, { kernel: [3, 0.5] }), /kernel width is 0.5; expected a whole/],
    ["Conv2d that groups do not divide", () => new Conv2d(3, 4, { kernel: 1, groups: 2 }), /groups 2 does not divide/],
    ["BasicBlock with groups", () => new BasicBlock(4, 4, { groups: 2 }), /BasicBlock: groups is 2/],
    [
      "ResNet of a stage without blocks",
      () => new ResNet({ block: BasicBlock, layers: [1, 0, 1, 1] }),
      /layers is \[1, 0/,
    ],
    [
      "ResNet of basic blocks with groups",
      () => new ResNet({ block: BasicBlock, layers, groups: 2 }),
      /BasicBlock: groups/,
    ],
    ["ResNet of no number of classes", () => new ResNet({ block: BasicBlock, layers, classes: -1 }), /classes is -1/],
  ])("refuse %s", (_, make, message) => {
    expect(make).toThrow(message);
    expect(make).toThrow(OptionError);
  });
});

describe("loadStateDict", () => {
  const network = () => createNetwork("tiny", 0);
  const stateOf = (change: (tensors: StateDictTensors) => void = () => {}): StateDict => {
    const tensors: StateDictTensors = new Map(
      [...namedParameters(network())].map(([name, { shape }]) => [
        name,
        constantOf(new Float32Array(sizeOf(shape)), shape),
      ]),
    );
    change(tensors);
    return { tensors, metadata: new Map(), source: "some.safetensors", close: async () => {} };
  };

  it("lists what is missing, unexpected and of another shape, in one error, and loads nothing", async () => {
    const state = stateOf((tensors) => {
      tensors.delete("conv1.weight");
      tensors.set("extra.weight", constantOf(new Float32Array(1), [1]));
      tensors.set("bn1.bias", constantOf(new Float32Array(3), [3]));
    });
    const net = network();
    expect(() => loadStateDict(net, state, "tiny")).toThrow(
      "some.safetensors does not fit tiny: 1 tensor missing (conv1.weight), 1 tensor unexpected (extra.weight), " +
        "1 tensor of another shape (bn1.bias is 3, expected 16)",
    );
    expect(() => loadStateDict(net, state)).toThrow(WeightError);
    await expect(net.bn1!.weight.read()).rejects.toThrow(/never loaded/);
  });

  it("does without the batch norms' counters", () => {
    const state = stateOf((tensors) => {
      for (const name of [...tensors.keys()]) if (name.endsWith("num_batches_tracked")) tensors.delete(name);
    });
    expect(compareStateDict(network(), state)).toEqual({ missing: [], unexpected: [], misshapen: [] });
    expect(() => loadStateDict(network(), state)).not.toThrow();
  });
});
