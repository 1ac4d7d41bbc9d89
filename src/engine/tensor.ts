/**
 * The lazy tensor: a shape that is known, and numbers that come when asked for. It is a leaf (numbers, a constant that is read late, an
 * input of a network) or one operation on others. `data()` takes the same way as a network: graph, passes, plan, run; after that the
 * tensor is a leaf and has let go of what it came from.
 */
import { checkDevice } from "../backends/select.ts";
import { OptionError, ShapeError } from "../errors.ts";
import { formatGraph, type Graph } from "../graph/graph.ts";
import { type AttrsOf, inferShape, type OpName, operandNames } from "../graph/infer-shape.ts";
import { checkOptions, checkSignal, describeValue } from "../tensor/check-options.ts";
import { formatShape, isShape, type Shape, sizeOf } from "../tensor/shape.ts";
import { buildGraph } from "./build-graph.ts";
import { type EvaluateOptions, evaluateTensor, planOf } from "./evaluate.ts";
import type { LazyTensor, Origin } from "./lazy.ts";
import { nextName } from "./names.ts";
import { track } from "./using.ts";

/** Numbers in nested arrays, as deep as the tensor's rank; a number for a scalar. */
export type NestedArray = number | NestedArray[];

let serial = 0;

/** float32 numbers of a known shape, there or yet to be computed. Made by `tensor()` and the operations. */
export class Tensor implements LazyTensor {
  readonly shape: Shape;
  readonly dtype = "float32" as const;
  /** True where dimension 0 stands for a network's batch. */
  readonly batched: boolean;
  /** The node's name where a network is being traced. */
  readonly name: string | undefined;
  /** Grows with each tensor made: the order in which a graph's nodes stand. */
  readonly serial = serial++;
  private current: Origin;

  /** For the functions of this folder; users call `tensor()` and the operations. */
  constructor(shape: Shape, origin: Origin, options: { batched?: boolean; name?: string | undefined } = {}) {
    this.shape = shape;
    this.current = origin;
    this.batched = options.batched ?? false;
    this.name = options.name;
    track(this);
  }

  /** Where the numbers come from. Throws when the tensor is disposed. */
  get origin(): Origin {
    if (this.current.kind === "disposed")
      throw new OptionError(`tensor of ${formatShape(this.shape)}: used after dispose()`);
    return this.current;
  }

  /** The nodes that this tensor is computed by; `toString()` of it is the text. */
  graph(): Graph & { toString(): string } {
    const graph = buildGraph([this], { leaves: "inputs" });
    return { ...graph, toString: () => formatGraph(graph) };
  }

  /**
   * How the numbers are computed, as text: first the device, and why it was taken where `auto` did; then the graph after each pass, and
   * the plan. Opens the device, as `data()` does.
   */
  async plan(options: EvaluateOptions = {}): Promise<string> {
    checkEvaluate("plan", options);
    return planOf(this, options);
  }

  /**
   * Computes the numbers: row-major, `shape` in size; a copy that belongs to the caller. The tensor is a leaf from now on.
   * Throws DeviceError where the device cannot be had or fails.
   */
  async data(options: EvaluateOptions = {}): Promise<Float32Array> {
    checkEvaluate("data", options);
    return (await this.values(options)).slice();
  }

  /** Computes the numbers as nested arrays. */
  async array(options: EvaluateOptions = {}): Promise<NestedArray> {
    checkEvaluate("array", options);
    return nest(await this.values(options), this.shape, 0, 0);
  }

  private async values(options: EvaluateOptions): Promise<Float32Array> {
    if (this.origin.kind !== "data") this.become(await evaluateTensor(this, options));
    const origin = this.origin;
    if (origin.kind !== "data") throw new Error("tensor: evaluated without numbers");
    return origin.data;
  }

  become(data: Float32Array): void {
    if (this.current.kind !== "disposed") this.current = { kind: "data", data };
  }

  /** Lets go of the numbers and of everything that the tensor came from. Using it afterwards is an error; disposing twice is not. */
  dispose(): void {
    this.current = { kind: "disposed" };
  }
}

/**
 * A tensor of given numbers, row-major; they are copied. Numbers may be a Float32Array, any array of numbers, nested arrays (whose shape
 * is theirs), or one number for a scalar (shape []). Throws ShapeError when their count is not the shape's or nested arrays are ragged,
 * OptionError for what is no number. A dimension may be 0, but no operation takes such a tensor.
 */
export function tensor(numbers: ArrayLike<number> | NestedArray, shape?: Shape): Tensor {
  const { data, found } = readNumbers(numbers);
  const asked = shape ?? found;
  if (!Array.isArray(asked) || !asked.every((dim) => Number.isSafeInteger(dim) && dim >= 0))
    throw new ShapeError(
      `tensor: the shape is ${Array.isArray(asked) ? `[${asked}]` : describeValue(asked)}; expected a list of whole numbers of at least 0`,
    );
  if (!isShape(asked))
    throw new ShapeError(`tensor: the shape ${formatShape(asked)} has more numbers than can be counted`);
  if (sizeOf(asked) !== data.length)
    throw new ShapeError(
      `tensor: ${data.length} numbers for the shape ${formatShape(asked)}, which has ${sizeOf(asked)}`,
    );
  return new Tensor([...asked], { kind: "data", data });
}

/** The numbers in one array, and the shape that they come in. */
function readNumbers(numbers: ArrayLike<number> | NestedArray): { data: Float32Array; found: Shape } {
  if (numbers instanceof Float32Array) return { data: numbers.slice(), found: [numbers.length] };
  if (typeof numbers === "number") return { data: Float32Array.of(numbers), found: [] };
  if (typeof numbers !== "object" || numbers === null || !("length" in numbers))
    throw new OptionError(`tensor: the numbers are ${describeValue(numbers)}; expected an array of numbers`);
  const found: number[] = [];
  for (let inner: unknown = numbers; Array.isArray(inner); inner = inner[0]) found.push(inner.length);
  if (found.length === 0) found.push(numbers.length);
  let flat: unknown[] = Array.from<unknown>(numbers);
  for (const length of found.slice(1)) {
    for (const row of flat)
      if (!Array.isArray(row) || row.length !== length)
        throw new ShapeError(
          `tensor: ragged nested arrays: ${Array.isArray(row) ? `an array of ${row.length}` : describeValue(row)} where the first is an array of ${length}`,
        );
    flat = flat.flat();
  }
  const data = new Float32Array(flat.length);
  for (let i = 0; i < data.length; i++) {
    const value = flat[i];
    if (Array.isArray(value))
      throw new ShapeError("tensor: ragged nested arrays: an array where the first is a number");
    if (typeof value !== "number")
      throw new OptionError(`tensor: element ${i} is ${describeValue(value)}; expected a number`);
    data[i] = value;
  }
  return { data, found };
}

/** A tensor of one operation on others: what each function of functions.ts makes. */
export function operation<Name extends OpName>(op: Name, attrs: AttrsOf<Name>, inputs: readonly Tensor[]): Tensor {
  const names = operandNames(op, attrs);
  for (const [i, input] of inputs.entries()) {
    if (!(input instanceof Tensor))
      throw new OptionError(
        `${op}: ${names[i]} is ${describeValue(input)}; expected a tensor, which tensor(numbers, shape) makes`,
      );
    void input.origin; // throws for a disposed one, at the line that uses it
  }
  const shape = inferShape(
    op,
    attrs,
    inputs.map((input) => input.shape),
  );
  const batched = inputs.some((input) => input.batched);
  return new Tensor(shape, { kind: "op", op, attrs, inputs: [...inputs] }, { batched, name: nextName(op) });
}

function nest(data: Float32Array, shape: Shape, dimension: number, offset: number): NestedArray {
  if (dimension === shape.length) return data[offset]!;
  const stride = sizeOf(shape.slice(dimension + 1));
  return Array.from({ length: shape[dimension]! }, (_, i) => nest(data, shape, dimension + 1, offset + i * stride));
}

function checkEvaluate(where: string, options: EvaluateOptions): void {
  checkOptions(where, options, ["device", "signal"]);
  checkSignal(where, options.signal);
  checkDevice(options.device);
}
