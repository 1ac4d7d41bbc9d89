/**
 * The plan of a graph on a target: the steps in order, each with its kernel's stages, the buffers that they read and write, and the
 * weights that they need packed. Made once when a model opens; a run only walks it. Buffers are reused (see memory-plan.ts).
 */
import type { PackedConstant } from "../kernels/op.ts";
import type { OpName } from "../kernels/table.ts";
import type { Constant } from "../tensor/host-tensor.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";

/** How often a step runs along dimension 0: a number, or once for each image of a run's batch. */
export type Repeat = "batch" | number;

/** One buffer of the arena: `elements` float32 numbers for each repeat. */
export interface PlanBuffer {
  readonly id: number;
  readonly elements: number;
  readonly repeat: Repeat;
  /** All zeros before the first run: borders of images, which no step writes. */
  readonly zeroed?: boolean;
}

/** An array that stays resident: a variant's packed weights, or a constant that is used as it is. */
export interface PlannedWeight {
  /** The same key means the same bytes: sessions of one model share it. */
  readonly key: string;
  readonly sources: readonly Constant[];
  readonly elements: number;
  readonly write: PackedConstant["write"];
}

/** Where a step's operand lies. */
export type PlanSource =
  | { readonly from: "buffer"; readonly id: number }
  | { readonly from: "weight"; readonly key: string };

export interface Step<Stage> {
  /** The node's name, and all traced nodes that the step computes. */
  readonly node: string;
  readonly covers: readonly string[];
  readonly op: OpName;
  readonly variant: string;
  /** Why this kernel, and so this order of sums, and none before it in its op's list. Empty where there was none. */
  readonly reason: string;
  readonly problem: object;
  readonly repeat: Repeat;
  readonly stages: readonly Stage[];
  /** By the op's operand index; undefined for weights, which the variant has packed. */
  readonly inputs: readonly (PlanSource | undefined)[];
  readonly output: number;
  /** Keys of the packed constants, by the variant's constant index. */
  readonly weights: readonly string[];
  /** Buffer ids, by the variant's scratch index. */
  readonly scratch: readonly number[];
}

/** An input or output of the session: row-major float32, `shape` with 1 at dimension 0 where it is batched. */
export interface PlanPort {
  readonly name: string;
  readonly shape: Shape;
  readonly batched: boolean;
  readonly source: PlanSource;
}

export interface Plan<Stage> {
  readonly steps: readonly Step<Stage>[];
  readonly buffers: readonly PlanBuffer[];
  readonly weights: readonly PlannedWeight[];
  readonly inputs: readonly PlanPort[];
  readonly outputs: readonly PlanPort[];
}

/** One line a step: `layer1.0.relu ×batch  conv2d.wgsl-gemm  #1, #0 → #2  (why this kernel)`, then the arena. */
export function formatPlan(plan: Plan<unknown>): string {
  const source = (s: PlanSource | undefined) =>
    s === undefined ? undefined : s.from === "buffer" ? `#${s.id}` : s.key;
  const lines = plan.steps.map((step) => {
    const inputs = step.inputs.map(source).filter((text) => text !== undefined);
    const stages = step.stages.length > 1 ? `  ${step.stages.length} stages` : "";
    const reason = step.reason ? `  (${step.reason})` : "";
    return `${step.node}  ×${step.repeat}  ${step.variant}  ${inputs.join(", ")} → #${step.output}${stages}${reason}`;
  });
  const buffers = plan.buffers.map(
    ({ id, elements, repeat, zeroed }) => `#${id} ${elements}×${repeat}${zeroed ? " with borders" : ""}`,
  );
  const ports = plan.outputs.map((port) => `${port.name} ${formatShape(port.shape)} = ${source(port.source)}`);
  return [...lines, `buffers (float32): ${buffers.join(", ")}`, `→ ${ports.join(", ")}`].join("\n");
}
