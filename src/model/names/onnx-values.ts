/** The values of an ONNX graph as the walk over a ResNet needs them: who uses one, and which are constants, by whatever detour. */
import type { WeightError } from "../../errors.ts";
import type { Constant } from "../../tensor/host-tensor.ts";
import type { OnnxGraph } from "../../weights/onnx/onnx.ts";
import type { OnnxNode } from "../../weights/onnx/onnx-messages.ts";
import { quoted } from "../../weights/weight-source.ts";

/** Ops that give their first input as it is, when a network is only used. */
const passing = new Set(["Identity", "Dropout", "Cast", "CastLike"]);

/** More steps than any detour has: a graph may be a circle. */
const furthest = 100;

export class OnnxValues {
  readonly #graph: OnnxGraph;
  readonly #mismatch: (what: string) => WeightError;
  readonly #producers = new Map<string, OnnxNode>();
  readonly #consumers = new Map<string, Set<OnnxNode>>();
  readonly #sources = new Map<string, string>();

  constructor(graph: OnnxGraph, mismatch: (what: string) => WeightError) {
    this.#graph = graph;
    this.#mismatch = mismatch;
    for (const node of graph.nodes) for (const output of node.outputs) this.#producers.set(output, node);
    for (const node of graph.nodes) {
      if (passing.has(node.op) || node.op === "Shape") continue; // a size asked for uses no numbers
      for (const input of node.inputs) {
        const value = this.#source(input);
        const users = this.#consumers.get(value) ?? new Set();
        this.#consumers.set(value, users.add(node));
      }
    }
  }

  /** Nodes that compute with a value. */
  consumers(value: string): readonly OnnxNode[] {
    return [...(this.#consumers.get(value) ?? [])];
  }

  isConstant(value: string): boolean {
    return this.#graph.constants.has(this.#source(value));
  }

  /** The constant that a value is. */
  constant(value: string | undefined, name: string): Constant {
    const source = value === undefined ? "" : this.#source(value);
    const found = this.#graph.constants.get(source);
    if (found) return found;
    const maker = this.#producers.get(source)?.op;
    throw this.#mismatch(
      maker
        ? `${name} is computed by ${maker}${maker === "DequantizeLinear" ? " (a quantised model)" : ""}; weights that are stored are read`
        : `${name} is ${value ? `${quoted(value)}, which the file does not hold` : "left out"}`,
    );
  }

  /** A matrix that a node multiplies by from the right, as a Linear's weight: its transpose, or what it is the transpose of. */
  transposed(value: string | undefined, name: string): Constant {
    const maker = value === undefined ? undefined : this.#producers.get(this.#source(value));
    if (maker?.op === "Transpose") return this.constant(maker.inputs[0], name);
    return transposeOf(this.constant(value, name));
  }

  /** A bias; undefined where there is none, or one that is computed and zero, as exporters write it that leave folding to others. */
  async biasOf(value: string | undefined, name: string): Promise<Constant | undefined> {
    if (value === undefined || value === "") return undefined;
    let source = this.#source(value);
    let maker = this.#producers.get(source);
    if (maker?.op !== "Expand") return this.constant(source, name);
    source = this.#source(maker.inputs[0] ?? "");
    maker = this.#producers.get(source);
    const scalar = this.#graph.constants.get(source);
    const number = scalar ? (await scalar.read())[0] : maker?.attributes.get("value_float")?.float;
    if (number === 0 && (scalar?.shape ?? []).every((dim) => dim === 1)) return undefined;
    throw this.#mismatch(`${name} is computed; weights that are stored are read`);
  }

  /** Where a value comes from, past what leaves it as it is. */
  #source(value: string): string {
    const known = this.#sources.get(value);
    if (known !== undefined) return known;
    const found = this.#walkToSource(value);
    this.#sources.set(value, found);
    return found;
  }

  #walkToSource(value: string): string {
    let name = value;
    for (let steps = 0; ; steps++) {
      const maker = this.#producers.get(name);
      if (!maker || !passing.has(maker.op)) return name;
      if (steps === furthest)
        throw this.#mismatch(`${quoted(value)} is made by more than ${furthest} nodes that change nothing`);
      name = maker.inputs[0] ?? "";
    }
  }
}

/** (K, O) read as (O, K). */
function transposeOf(constant: Constant): Constant {
  const [rows = 0, columns = 0] = constant.shape;
  return {
    ...{ shape: [columns, rows], dtype: constant.dtype, fresh: true },
    async read() {
      const from = await constant.read();
      const to = from instanceof Float64Array ? new Float64Array(from.length) : new Float32Array(from.length);
      for (let row = 0; row < rows; row++)
        for (let column = 0; column < columns; column++) to[column * rows + row] = from[row * columns + column]!;
      return to;
    },
  };
}
