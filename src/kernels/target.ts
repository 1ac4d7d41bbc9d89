/**
 * A target: one kind of backend with what its device offers. Passes and the plan choose among an op's variants through it and so need
 * not know which kind they plan for. Stages are what that kind of backend runs.
 */
import type { BorderRule } from "./border.ts";
import type {
  AnyOp,
  Layout,
  LayoutRule,
  OptimizeFor,
  PackedConstant,
  Suitability,
  Variant,
  WasmCapabilities,
  WasmStage,
  WgslCapabilities,
  WgslStage,
} from "./op.ts";

/** A variant with the device's capabilities filled in. */
export interface Choice<Stage> {
  readonly id: string;
  readonly way: string | undefined;
  readonly sumOrder: string;
  accepts(problem: object): true | string;
  /** Undefined: it is always the one to take. */
  suits(problem: object): Suitability | undefined;
  layouts(problem: object): LayoutRule;
  overwrites(problem: object): number | undefined;
  /** Undefined: it knows no borders. */
  borders(problem: object): BorderRule | undefined;
  constants(problem: object): readonly PackedConstant[];
  scratch(problem: object): readonly number[];
  stages(problem: object, layout: Layout): readonly Stage[];
}

export interface Target<Stage> {
  readonly kind: "wgsl" | "wasm";
  /** The op's variants in order of preference, or `view` when it needs no kernel. */
  choices(op: AnyOp): readonly Choice<Stage>[] | "view";
}

function bind<Capabilities, Stage>(
  variants: readonly Variant<object, Capabilities, Stage>[] | "view",
  capabilities: Capabilities,
  optimizeFor: OptimizeFor,
): readonly Choice<Stage>[] | "view" {
  if (variants === "view") return variants;
  return variants.map((variant) => ({
    id: variant.id,
    way: variant.way,
    sumOrder: variant.sumOrder,
    accepts: (problem) => variant.accepts(problem, capabilities),
    suits: (problem) => variant.suits?.(problem, optimizeFor),
    layouts: (problem) => variant.layouts(problem),
    overwrites: (problem) => variant.overwrites?.(problem),
    borders: (problem) => variant.borders?.(problem),
    constants: (problem) => variant.constants?.(problem, capabilities) ?? [],
    scratch: (problem) => variant.scratch?.(problem, capabilities) ?? [],
    stages: (problem, layout) => variant.stages(problem, layout, capabilities),
  }));
}

export function wgslTarget(capabilities: WgslCapabilities, optimizeFor: OptimizeFor = "latency"): Target<WgslStage> {
  return { kind: "wgsl", choices: (op) => bind(op.wgsl, capabilities, optimizeFor) };
}

export function wasmTarget(capabilities: WasmCapabilities, optimizeFor: OptimizeFor = "latency"): Target<WasmStage> {
  return { kind: "wasm", choices: (op) => bind(op.wasm, capabilities, optimizeFor) };
}
