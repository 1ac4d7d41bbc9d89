/**
 * Names for the nodes that functions make. While a network is traced, the tracer (nn/trace.ts) puts a namer here, so that a function
 * called in `layer1.0` gives `layer1.0.add`; eagerly nodes have no names until a graph numbers them.
 */
import type { OpName } from "../graph/infer-shape.ts";

export type Namer = (op: OpName) => string;

let current: Namer | undefined;

/** Runs `body` with a namer; the one before comes back, whatever happens. */
export function withNamer<T>(namer: Namer | undefined, body: () => T): T {
  const before = current;
  current = namer;
  try {
    return body();
  } finally {
    current = before;
  }
}

export function nextName(op: OpName): string | undefined {
  return current?.(op);
}
