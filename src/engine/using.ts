/** Scopes that dispose the tensors made in them. */
import { OptionError } from "../errors.ts";
import type { LazyTensor } from "./lazy.ts";

let scope: Set<LazyTensor> | undefined;

/** Called by every new tensor. */
export function track(tensor: LazyTensor): void {
  scope?.add(tensor);
}

/**
 * Runs `body` and disposes every tensor that was made in it, but those that it returns (a tensor, or an array or plain object of
 * them). A returned tensor keeps what it is computed from until its data was asked for. `body` is synchronous: building is; running is not.
 * Throws OptionError where `body` gives a promise, whose tensors would be disposed before it is done.
 */
export function using<T>(body: () => T): T {
  const outer = scope;
  const inner = new Set<LazyTensor>();
  scope = inner;
  let kept = new Set<LazyTensor>();
  try {
    const result = body();
    if (result instanceof Promise) {
      result.catch(() => undefined); // it may fail on the tensors that are disposed now; this error says why
      throw new OptionError(
        "using: the body gives a promise, and its tensors are disposed when it returns; build in it, and await data() outside",
      );
    }
    kept = reachable(result, inner);
    return result;
  } finally {
    scope = outer;
    for (const tensor of inner)
      if (kept.has(tensor)) outer?.add(tensor);
      else tensor.dispose();
  }
}

/** The tensors of `inner` that a result holds or is computed from. */
function reachable(result: unknown, inner: ReadonlySet<LazyTensor>): Set<LazyTensor> {
  const kept = new Set<LazyTensor>();
  const candidates: unknown[] = [result];
  if (result !== null && typeof result === "object") candidates.push(...Object.values(result));
  const pending = [...inner].filter((tensor) => candidates.includes(tensor));
  for (let tensor = pending.pop(); tensor; tensor = pending.pop()) {
    if (kept.has(tensor)) continue;
    kept.add(tensor);
    if (tensor.origin.kind === "op") pending.push(...tensor.origin.inputs);
  }
  return kept;
}
