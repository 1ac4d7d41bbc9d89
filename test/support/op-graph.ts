/**
 * One op as a graph of its own, with the inputs of its cases: what tests of kernels run on a backend. Value operands are inputs of the
 * graph, named as the op names them; weight operands are constants. The inputs of case `c` of op `o` are filled by the seeded hash from
 * the text `o/c/i`, i the operand's index, so that tools/golden has the same numbers in Python.
 */
import { ShapeError } from "../../src/errors.ts";
import type { Graph, GraphNode, InputNode } from "../../src/graph/graph.ts";
import type { OpCase } from "../../src/kernels/op.ts";
import { type OpName, opOf } from "../../src/kernels/table.ts";
import { constantOf, type HostTensor } from "../../src/tensor/host-tensor.ts";
import { type Shape, sizeOf } from "../../src/tensor/shape.ts";
import { hashPositive, hashSigned } from "./hash-fill.ts";

type CaseInput = OpCase<object>["inputs"][number];

/** The operands of a case, all of them, in the op's order. */
export function caseInputs(op: OpName, testCase: OpCase<object>): HostTensor[] {
  return testCase.inputs.map((input, i) => filled(`${op}/${testCase.name}/${i}`, input, input.shape));
}

function filled(seed: string, { fill = "signed", scale = 1 }: CaseInput, shape: Shape): HostTensor {
  const data = (fill === "signed" ? hashSigned : hashPositive)(seed, sizeOf(shape), scale);
  return { shape, dtype: "float32", data };
}

/** The name of the op's node, and of the graph's output. */
export const opNodeName = "result";

/** A graph of one op node over the operands; those with `batched[i]` are batched inputs, of which `operands[i]` is one image. */
export function opGraph(
  op: OpName,
  attrs: object,
  operands: readonly HostTensor[],
  batched: readonly boolean[] = [],
): Graph {
  const rules = opOf(op).operands(attrs);
  const nodes: GraphNode[] = operands.map(({ shape, data }, id) => {
    const { name, role } = rules[id]!;
    return role === "weight"
      ? { kind: "constant", id, name, shape, batched: false, constant: constantOf(data, shape) }
      : { kind: "input", id, name, shape, batched: batched[id] ?? false };
  });
  const shape = opOf(op).shape(
    attrs,
    operands.map((operand) => operand.shape),
  );
  const id = nodes.length;
  nodes.push({
    ...{ kind: "op", id, name: opNodeName, shape, batched: batched.includes(true), op, attrs },
    ...{ inputs: operands.map((_, i) => i), covers: [opNodeName] },
  });
  return { nodes, outputs: [{ name: opNodeName, node: id }], aliases: new Map() };
}

/** What a session of the graph is given: its inputs by name. */
export function opInputs(graph: Graph, operands: readonly HostTensor[]): Map<string, HostTensor> {
  const inputs = graph.nodes.filter((node): node is InputNode => node.kind === "input");
  return new Map(inputs.map((node) => [node.name, operands[node.id]!]));
}

/** A case's op over a batch: which operands are batched, and the operands of any run of images. */
export interface BatchedCase {
  readonly batched: readonly boolean[];
  /** The operands, where batched ones have the images `first` to `first + count − 1` of an endless row. */
  images(first: number, count: number): HostTensor[];
}

/** The case with each operand that walks made an input of any batch; undefined where the op mixes along dimension 0. */
export function batchedCase(op: OpName, testCase: OpCase<object>): BatchedCase | undefined {
  const shapes = testCase.inputs.map((input) => input.shape);
  const batched = opOf(op).repeats(testCase.attrs, shapes);
  if (!batched?.includes(true)) return undefined;
  const one = shapes.map((shape, i) => (batched[i] ? [1, ...shape.slice(1)] : shape));
  if (!takesImages(op, testCase.attrs, one)) return undefined;
  const fixed = caseInputs(op, testCase);
  return {
    batched,
    images: (first, count) =>
      testCase.inputs.map((input, i) => {
        if (!batched[i]) return fixed[i]!;
        const size = sizeOf(one[i]!);
        const shape = [count, ...one[i]!.slice(1)];
        const data = new Float32Array(size * count);
        for (let image = 0; image < count; image++)
          data.set(filled(`${op}/${testCase.name}/${i}/image-${first + image}`, input, one[i]!).data, image * size);
        return { shape, dtype: "float32", data };
      }),
  };
}

/** Whether the op takes one image with the same attributes: a view's may name dimension 0 (reshape to [3, 20]). */
function takesImages(op: OpName, attrs: object, one: readonly Shape[]): boolean {
  try {
    return opOf(op).repeats(attrs, one)?.includes(true) ?? false;
  } catch (error) {
    if (error instanceof ShapeError) return false;
    throw error;
  }
}
