/** Running lazy tensors: computed weights first, then the graph on the device's engine, whose sessions are kept by structure. */
import type { DeviceChoice } from "../backends/select.ts";
import { UnsupportedError } from "../errors.ts";
import { weightOperands } from "../graph/infer-shape.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";
import { buildGraph } from "./build-graph.ts";
import { sharedEngine } from "./engine.ts";
import type { LazyTensor } from "./lazy.ts";

/** Where a tensor is computed, and what ends it early. */
export interface EvaluateOptions {
  /** Where to run; `auto` unless told: a GPU where there is one, else WebAssembly. `plan()` says which it took, and why. */
  readonly device?: DeviceChoice;
  readonly signal?: AbortSignal;
}

/** The numbers of a tensor that is not yet a leaf of them. */
export async function evaluateTensor(tensor: LazyTensor, options: EvaluateOptions): Promise<Float32Array> {
  const { origin } = tensor;
  if (origin.kind === "data") return origin.data;
  if (origin.kind === "constant") return Float32Array.from(await origin.constant.read());
  await evaluateWeights(tensor, options);
  return runGraph(tensor, options);
}

/** Runs the graph of a tensor whose weights are leaves. */
async function runGraph(tensor: LazyTensor, options: EvaluateOptions): Promise<Float32Array> {
  const graph = buildGraph([tensor], { leaves: "inputs" });
  const inputs = new Map<string, HostTensor>();
  for (const [name, leaf] of graph.inputTensors) {
    if (leaf.origin.kind !== "data")
      throw new UnsupportedError(
        `${name}: an input of a network that is being traced has no numbers; run the network instead`,
      );
    inputs.set(name, { shape: leaf.shape, dtype: "float32", data: leaf.origin.data });
  }
  const engine = await sharedEngine(options.device ?? "auto");
  const results = await engine.evaluate(graph, inputs, options.signal);
  return results.get(graph.outputs[0]!.name)!.data;
}

export async function planOf(tensor: LazyTensor, options: EvaluateOptions): Promise<string> {
  await evaluateWeights(tensor, options);
  const engine = await sharedEngine(options.device ?? "auto");
  return engine.describe(buildGraph([tensor], { leaves: "inputs" }));
}

/**
 * Weights that are themselves computed become leaves, those that others are computed from first: a tensor's serial is above its
 * operands'. Lists, not recursion: chains of operations may be long, also from weight to weight.
 */
async function evaluateWeights(tensor: LazyTensor, options: EvaluateOptions): Promise<void> {
  const computed = new Set<LazyTensor>();
  const seen = new Set<LazyTensor>();
  const pending = [tensor];
  for (let current = pending.pop(); current; current = pending.pop()) {
    const { origin } = current;
    if (seen.has(current) || origin.kind !== "op") continue;
    seen.add(current);
    for (const index of weightOperands(origin.op, origin.attrs)) computed.add(origin.inputs[index]!);
    pending.push(...origin.inputs);
  }
  for (const weight of [...computed].sort((a, b) => a.serial - b.serial))
    if (weight.origin.kind === "op") weight.become(await runGraph(weight, options));
}
