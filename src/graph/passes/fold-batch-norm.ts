/**
 * Folds a batch norm into the convolution before it: y = γ·(conv(x) − μ)/√(σ² + ε) + β is a convolution by w·s with the bias
 * β + (b − μ)·s, s = γ/√(σ² + ε). Computed in float64 from unrounded values when a backend reads the weights; nothing is read here.
 * The convolution itself stays as a spare node with its own weights, for those who ask for it as an output.
 */
import type { BatchNormAttrs } from "../../kernels/batch-norm/batch-norm.problem.ts";
import type { Conv2dAttrs } from "../../kernels/conv2d/conv2d.problem.ts";
import { freeArray, passingFloat64 } from "../../tensor/free-array.ts";
import type { Constant } from "../../tensor/host-tensor.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { type ConstantNode, type Graph, type GraphNode, nodesById, type OpNode, useCounts } from "../graph.ts";

export function foldBatchNorm(graph: Graph): Graph {
  const byId = nodesById(graph);
  const uses = useCounts(graph);
  let nextId = Math.max(...byId.keys()) + 1;
  const spare = new Set<number>();
  const nodes: GraphNode[] = [];
  for (const node of graph.nodes) {
    const found = matchConvThenNorm(node, byId, uses);
    if (!found) {
      nodes.push(node);
      continue;
    }
    const { norm, conv, weight, bias, statistics } = found;
    const attrs: Conv2dAttrs = { ...(conv.attrs as Conv2dAttrs), bias: true };
    const [mean, variance, gamma, beta] = statistics.map((node) => node.constant) as [
      Constant,
      Constant,
      Constant,
      Constant,
    ];
    const { eps } = norm.attrs as BatchNormAttrs;
    const folded = foldConstants({
      ...{ weight: weight.constant, bias: bias?.constant, mean, variance, gamma, beta, eps },
    });
    const constants = [folded.weight, folded.bias].map((constant, i): ConstantNode => {
      const of = i === 0 ? weight.name : (bias?.name ?? `${conv.name}.bias`);
      return {
        kind: "constant",
        id: nextId++,
        name: `${norm.name}(${of})`,
        shape: constant.shape,
        batched: false,
        constant,
      };
    });
    spare.add(conv.id);
    nodes.push(...constants, {
      ...norm,
      op: "conv2d",
      attrs,
      inputs: [conv.inputs[0]!, ...constants.map((constant) => constant.id)],
      covers: [...conv.covers, ...norm.covers],
    });
  }
  return {
    ...graph,
    nodes: nodes.map((node) => (spare.has(node.id) && node.kind === "op" ? { ...node, spare: true } : node)),
  };
}

interface ConvThenNorm {
  norm: OpNode;
  conv: OpNode;
  weight: ConstantNode;
  bias: ConstantNode | undefined;
  /** running mean, running variance, γ, β */
  statistics: ConstantNode[];
}

function matchConvThenNorm(
  norm: GraphNode,
  byId: ReadonlyMap<number, GraphNode>,
  uses: ReadonlyMap<number, number>,
): ConvThenNorm | undefined {
  if (norm.kind !== "op" || norm.op !== "batchNorm") return undefined;
  const [conv, ...statistics] = norm.inputs.map((id) => byId.get(id));
  if (conv?.kind !== "op" || conv.op !== "conv2d" || uses.get(conv.id) !== 1) return undefined;
  const { bias: hasBias, relu, residual } = conv.attrs as Conv2dAttrs;
  if (relu || residual) return undefined;
  const weight = byId.get(conv.inputs[1]!);
  const bias = hasBias ? byId.get(conv.inputs[2]!) : undefined;
  if (weight?.kind !== "constant" || (bias !== undefined && bias.kind !== "constant")) return undefined;
  const constants = statistics.filter((node): node is ConstantNode => node?.kind === "constant");
  return constants.length === 4 ? { norm, conv, weight, bias, statistics: constants } : undefined;
}

/** A convolution's constants and those of the batch norm behind it. */
export interface ConvNormConstants {
  /** (O, I/groups, KH, KW) */
  readonly weight: Constant;
  /** (O), as all that follow. */
  readonly bias?: Constant;
  readonly mean: Constant;
  readonly variance: Constant;
  /** γ and β: the norm's scale and shift. */
  readonly gamma: Constant;
  readonly beta: Constant;
  readonly eps: number;
}

/** The constants of the one convolution that does both, in float64; nothing is read before they are. */
export function foldConstants(constants: ConvNormConstants): { weight: Constant; bias: Constant } {
  const { weight, bias, mean, variance, gamma, beta, eps } = constants;
  const readScale = async () => {
    const [v, g] = await Promise.all([variance.read(), gamma.read()]);
    return Float64Array.from(g, (value, o) => value / Math.sqrt(v[o]! + eps));
  };
  const perChannel = sizeOf(weight.shape.slice(1));
  return {
    weight: {
      shape: weight.shape,
      dtype: "float64",
      fresh: true,
      read: async () => {
        const [w, scale] = await Promise.all([weight.read(), readScale()]);
        // Float64Array.from with a function walks an iterator: twenty times as slow, and these are all of a network's weights.
        const folded = passingFloat64(w.length);
        scale.forEach((factor, o) => {
          const end = (o + 1) * perChannel;
          for (let i = o * perChannel; i < end; i++) folded[i] = w[i]! * factor;
        });
        if (weight.fresh) freeArray(w);
        return folded;
      },
    },
    bias: {
      shape: [weight.shape[0]!],
      dtype: "float64",
      read: async () => {
        const [m, b, c, scale] = await Promise.all([mean.read(), beta.read(), bias?.read(), readScale()]);
        return Float64Array.from(b, (value, o) => value + ((c?.[o] ?? 0) - m[o]!) * scale[o]!);
      },
    },
  };
}
