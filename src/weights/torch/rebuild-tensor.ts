/**
 * The functions by which torch's pickles make tensors, as descriptions: torch/_utils.py, `_rebuild_tensor` (before 0.4), `_rebuild_tensor_v2`,
 * `_rebuild_tensor_v3` (types without a storage class of their own), `_rebuild_parameter`; and torch/_tensor.py, `__setstate__`.
 * Hooks and requires_grad are passed over. Only kinds are checked here; whether a view lies within its storage, when it has a name.
 */
import type { Breach } from "../weight-source.ts";
import { Global, type Layout, Storage, Tensor, Tuple, type Value } from "./pickle-values.ts";
import type { TorchDtype } from "./torch-dtypes.ts";

/** Dimensions that torch's tensors may have. */
const mostDimensions = 64;

/** (storage, offset, size, stride, requires_grad, hooks, metadata?) */
export function rebuildTensor(args: readonly Value[], breach: Breach): Tensor {
  return tensorOf(args, undefined, args[6], breach);
}

/** (storage, offset, size, stride, requires_grad, hooks, dtype, metadata?) */
export function rebuildTensorV3(args: readonly Value[], breach: Breach): Tensor {
  const dtype = args[6];
  if (!(dtype instanceof Global) || !dtype.dtype) throw breach("_rebuild_tensor_v3 is called without a dtype");
  return tensorOf(args, dtype.dtype, args[7], breach);
}

/** A Parameter is its tensor: (data, requires_grad, hooks). Without data it is filled by BUILD. */
export function rebuildParameter(args: readonly Value[], breach: Breach): Tensor {
  const [data] = args;
  if (args.length === 0) return new Tensor();
  if (data instanceof Tensor) return data;
  throw breach("a Parameter is made of something else than a tensor");
}

/** (function, class, its arguments, attributes): a tensor that has attributes of its own, which are passed over. */
export function rebuildFromType(args: readonly Value[], breach: Breach): Value {
  const [make, , inner] = args;
  // Of torch._utils, and so never itself again: no depth hangs on the file.
  if (make instanceof Global && make.make && make.name.startsWith("torch._utils.") && inner instanceof Tuple)
    return make.make(inner.items, breach);
  throw breach("_rebuild_from_type is called without a function on the list and its arguments");
}

export function refuse(why: string): () => Tensor {
  return () => new Tensor(undefined, why);
}

/** BUILD of a tensor: (storage, offset, size, stride), or what a Variable had: (requires_grad, …), (data, …). */
export function buildTensor(tensor: Tensor, state: Tuple, breach: Breach): void {
  const { items } = state;
  if (items[0] instanceof Storage) tensor.layout = layoutOf(items, undefined, breach);
  else if (items[0] instanceof Tensor) tensor.layout = items[0].layout;
  else if (!tensor.layout || items.length > 5) throw breach("a tensor is filled from something else than a storage");
}

function tensorOf(
  args: readonly Value[],
  dtype: TorchDtype | undefined,
  metadata: Value | undefined,
  breach: Breach,
): Tensor {
  if (metadata instanceof Map)
    for (const bit of ["conj", "neg"])
      if (metadata.get(bit) === true)
        return new Tensor(
          undefined,
          `is a view that is still to be ${bit === "conj" ? "conjugated" : "negated"}: save tensor.resolve_${bit}()`,
        );
  return new Tensor(layoutOf(args, dtype, breach));
}

function layoutOf(args: readonly Value[], given: TorchDtype | undefined, breach: Breach): Layout {
  const [storage, offset, size, stride] = args;
  if (!(storage instanceof Storage)) throw breach("a tensor is made of something else than a storage");
  if (!isCount(offset)) throw breach("a tensor's offset in its storage is no whole number from 0 to 2^53 - 1");
  return {
    storage,
    dtype: given ?? storage.dtype,
    offset,
    shape: counts(size, "shape", breach),
    strides: counts(stride, "strides", breach),
  };
}

function counts(value: Value | undefined, what: string, breach: Breach): number[] {
  const items = value instanceof Tuple ? value.items : Array.isArray(value) ? value : undefined;
  if (!items || items.length > mostDimensions || !items.every(isCount))
    throw breach(`a tensor's ${what} must be at most ${mostDimensions} whole numbers from 0 to 2^53 - 1`);
  return [...items];
}

export function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
