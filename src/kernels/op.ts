/**
 * The types that an operation is written in. An op is one folder under kernels/: its shape rule, its cost, its plain TypeScript
 * (`reference`, the specification), its WGSL and its WebAssembly variants, its cases. Everything here is data and pure functions: a
 * kernel cannot see a device, a graph or a plan.
 *
 * Two words to know. **Attributes** (`A`) are what a user says, with PyTorch's meaning, as plain JSON. A **problem** (`P`) is what a
 * kernel is specialised for: every size a literal, and only of ONE repeat. A repeat is one step along dimension 0 of the output (one
 * image of a batch, one row of a matrix): kernels loop or dispatch over `repeat` of them, a number that they get when they run, so
 * another batch compiles nothing.
 */
import type { FunctionBuilder } from "../asm/function-builder.ts";
import type { FloatArray } from "../tensor/dtype.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";
import type { Shape } from "../tensor/shape.ts";
import type { BorderRule } from "./border.ts";

/** `nchw` is plain row-major, for values of any rank; `nhwc` has the channels innermost, for values of rank 4. */
export type Layout = "nchw" | "nhwc";

/** What a variant takes (its value operands, in order; weights are packed) and gives. `any`: whatever the first has, for all alike. */
export type LayoutRule = { readonly inputs: readonly Layout[]; readonly output: Layout } | "any";

/** An operand of an op: a value flows, a weight is constant while the network runs and is packed once. */
export interface Operand {
  readonly name: string;
  readonly role: "value" | "weight";
}

/** The attributes of an op that has none. */
export type NoAttrs = Readonly<Record<string, never>>;

/** How much work one repeat is: multiply-adds count as two. For inspection and benchmarks. */
export interface Cost {
  readonly flops: number;
  /** Each operand and the output moved once. */
  readonly bytes: number;
}

/** One packed array of a variant, made once when a model opens, from the named weight operands. */
export interface PackedConstant {
  /** Indices into the op's operands; all must be weights. */
  readonly operands: readonly number[];
  /** Length of the packed array, in float32 numbers. */
  readonly elements: number;
  /**
   * What else `write` depends on, as text, where that varies with the problem. Equal variant, operands, length and recipe must mean equal
   * bytes: they are packed once.
   */
  readonly recipe?: string;
  /** Fills `out` (zeroed, `elements` long) from the operands' numbers: row-major, float32 or unrounded float64. */
  readonly write: (operands: readonly FloatArray[], out: Float32Array) => void;
}

/** What a stage's argument is bound to. `repeat`: the number of repeats (a uniform u32 in WGSL). */
export type StageArgument =
  | { readonly from: "input"; readonly index: number }
  | { readonly from: "output" }
  | { readonly from: "constant"; readonly index: number }
  | { readonly from: "scratch"; readonly index: number }
  | { readonly from: "repeat" };

/** What a WebGPU device offers, as far as a kernel may care. */
export interface WgslCapabilities {
  readonly maxWorkgroupStorageBytes: number;
  readonly maxInvocationsPerWorkgroup: number;
  /** The adapter runs on the CPU (SwiftShader, llvmpipe): barriers and workgroup memory cost much there, wide loads little. */
  readonly software: boolean;
  /** Invocations of a subgroup, where WGSL's subgroup functions are there and every shader's subgroups have one size. */
  readonly subgroupSize?: number;
}

/** One compute dispatch. Arguments are `@group(0) @binding(i)` in order: inputs and constants `storage, read`; output and scratch
 * `storage, read_write`; repeat `uniform`. The entry point is `main`. */
export interface WgslStage {
  readonly name: string;
  /** The whole shader. */
  readonly code: string;
  readonly arguments: readonly StageArgument[];
  readonly workgroups: (repeat: number) => readonly [x: number, y: number, z: number];
}

/** What a WebAssembly engine offers, as far as a kernel may care. */
export interface WasmCapabilities {
  /** Fused multiply-add by relaxed SIMD. The only one that may decide on a sumOrder. */
  readonly relaxedSimd: boolean;
  /** Bits of a vector: 256 where the engine packs pairs of 128-bit instructions. Tiles may follow it, sums may not. */
  readonly simd: 128 | 256;
  /** Threads that share a stage's pieces. */
  readonly threads: number;
}

/**
 * One emitted function: an i32 parameter per argument, in order (a byte address, or the number of repeats), then `begin` and `end`, the
 * pieces to do. A stage's pieces may run at once and in any order; the next stage begins when all are done.
 */
export interface WasmStage {
  readonly name: string;
  /** Into how many pieces of like cost a run of so many repeats is cut. Each writes its own numbers only (see wasm/pieces.ts). */
  readonly pieces: (repeat: number) => number;
  readonly emit: (f: FunctionBuilder) => void;
  readonly arguments: readonly WasmStageArgument[];
  /** Float32 numbers of the memory that each thread has for itself while it does the stage: what its arguments from `local` are. */
  readonly local?: number;
}

/** `local`: memory of the thread's own, of unknown content, whose addresses are multiples of 64. */
export type WasmStageArgument = StageArgument | { readonly from: "local" };

/** What results are chosen for: one image as soon as possible, or many images a second. Either way no bit depends on how many there are. */
export type OptimizeFor = "latency" | "throughput";

/** Whether a variant is the one to take, and why or why not, for people who read a plan. */
export interface Suitability {
  readonly take: boolean;
  readonly because: string;
}

/** One way to compute an op on one kind of backend. */
export interface Variant<P, Capabilities, Stage> {
  /** Unique in the tree: `conv2d.wgsl-gemm`. */
  readonly id: string;
  /** The word by which people ask for its way of computing, beside the one in its id: variants that share one are tried in their order. */
  readonly way?: string;
  /** Names the order in which sums are formed. Two variants of one backend with the same sumOrder give the same bits. */
  readonly sumOrder: string;
  /** Whether it can run, or why not. */
  accepts(problem: P, capabilities: Capabilities): true | string;
  /**
   * Whether it is the one to take of those that accept; always unless told. Choosing between sumOrders, it sees the layer's shape and what
   * is asked for, never the machine.
   */
  suits?(problem: P, optimizeFor: OptimizeFor): Suitability;
  layouts(problem: P): LayoutRule;
  /**
   * Index of a value operand in whose memory the output may be written, where that is wanted no more: whoever writes a number has read the
   * operand's number at that place before, and nobody else reads it. None unless told.
   */
  overwrites?(problem: P): number | undefined;
  /** How it gets on with borders of zeros, asked before the problem has any; not at all unless told. It accepts with them what it did without. */
  borders?(problem: P): BorderRule;
  constants?(problem: P, capabilities: Capabilities): readonly PackedConstant[];
  /** Float32 numbers of each scratch buffer, per repeat. */
  scratch?(problem: P, capabilities: Capabilities): readonly number[];
  /** `layout` is the one that was assigned where the rule says `any`, else the output's. */
  stages(problem: P, layout: Layout, capabilities: Capabilities): readonly Stage[];
}

export type WgslVariant<P> = Variant<P, WgslCapabilities, WgslStage>;
export type WasmVariant<P> = Variant<P, WasmCapabilities, WasmStage>;

/** One test case: the same list is checked on every variant against the reference, and against PyTorch (test/golden). */
export interface OpCase<A> {
  /** Unique within the op, kebab-case. */
  readonly name: string;
  readonly attrs: A;
  /** Filled by test/support/hash-fill.ts: `signed` (unless told) in [-1, 1), `positive` in [0.5, 1.5); each times `scale`, 1 unless told. */
  readonly inputs: readonly { readonly shape: Shape; readonly fill?: "signed" | "positive"; readonly scale?: number }[];
}

/** Everything that one op is. Methods, not properties, so that the table can hold ops of different attributes. */
export interface Op<A extends object, P extends object> {
  readonly name: string;
  /** The operands, in order, for these attributes (optional ones only where the attributes say so). */
  operands(attrs: A): readonly Operand[];
  /** The output's shape. Throws ShapeError naming the op, the shapes and what was expected. */
  shape(attrs: A, inputs: readonly Shape[]): Shape;
  /**
   * Whether dimension 0 of the output is a repeat, and of which operands dimension 0 walks with it (weights: false). Undefined when
   * the op mixes along dimension 0 (a mean over the batch): then it runs as one repeat over the whole shapes.
   */
  repeats(attrs: A, inputs: readonly Shape[]): readonly boolean[] | undefined;
  /** The sizes that kernels are specialised for. `inputs` are of one repeat; `walks[i]`: operand i has one such part per repeat. */
  problem(attrs: A, inputs: readonly Shape[], walks: readonly boolean[]): P;
  cost(problem: P): Cost;
  /** The specification: plain loops over row-major tensors of any batch; sums in float64, rounded once. */
  reference(attrs: A, inputs: readonly HostTensor[]): HostTensor;
  /** In order of preference; the first that accepts and suits is taken. `view`: the op only renames the same bytes (reshape). */
  readonly wgsl: readonly WgslVariant<P>[] | "view";
  readonly wasm: readonly WasmVariant<P>[] | "view";
  readonly cases: readonly OpCase<A>[];
}

/** An op whose attributes are not known: what the table's readers work with. */
export type AnyOp = Op<object, object>;
