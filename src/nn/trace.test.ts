/** A trace in turns is the trace. What nodes are called and what they compute: nn.test.ts. */
import { expect, test } from "vitest";
import { relu } from "../engine/functions.ts";
import type { Tensor } from "../engine/tensor.ts";
import { formatGraph } from "../graph/graph.ts";
import { Conv2d, ReLU, Sequential } from "./layers.ts";
import { call, Module } from "./module.ts";
import { Bottleneck, ResNet } from "./resnet.ts";
import { trace, traceInTurns } from "./trace.ts";

const network = () => new ResNet({ block: Bottleneck, layers: [1, 2, 1, 1], widths: [4, 4, 8, 8], classes: 3 });

test("a trace in turns gives the same graph, whatever is traced between its turns", async () => {
  const [first, second] = [network(), new Sequential(new Conv2d(3, 4, { kernel: 1 }), new ReLU())];
  const [a, b] = await Promise.all([traceInTurns(first, [3, 32, 32]), traceInTurns(second, [3, 8, 8])]);
  const expected = trace(first, [3, 32, 32]);
  expect(formatGraph(a)).toBe(formatGraph(expected));
  expect(a.aliases).toEqual(expected.aliases);
  expect(a.aliases.get("layer2")).toBe("layer2.1.relu_2");
  expect(formatGraph(b)).toBe(formatGraph(trace(second, [3, 8, 8])));
});

test("a trace in turns ends with the signal's reason", async () => {
  const abort = AbortSignal.abort(new Error("enough"));
  await expect(traceInTurns(network(), [3, 32, 32], abort)).rejects.toThrow("enough");
});

test("a forward that a class overrides is the one that runs, beside inherited steps", async () => {
  class Twice extends Sequential {
    override forward(x: Tensor): Tensor {
      return relu(super.forward(super.forward(x)));
    }
  }
  class Net extends Module {
    readonly body = new Sequential(new Twice(new Conv2d(3, 3, { kernel: 1 })));
    override forward(x: Tensor): Tensor {
      return call(this.body, x);
    }
  }
  for (const module of [new Net(), new Net().body, new Net().body.children().get("0")!])
    expect((await traceInTurns(module, [3, 4, 4])).nodes.filter(({ kind }) => kind === "op")).toHaveLength(3);
});
