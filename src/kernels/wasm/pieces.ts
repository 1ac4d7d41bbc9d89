/**
 * Pieces of a stage: into how many parts its work may be cut, so that threads share it. Every emitted function has `begin` and `end`
 * behind its own parameters, and does the pieces from the one up to the other. Each piece writes numbers of its own, in an order of its
 * own sums: how pieces are dealt out changes no bit.
 */
import type { FunctionBuilder } from "../../asm/function-builder.ts";
import { increment } from "../../asm/loops.ts";
import { i32 } from "../../asm/scalar.ts";
import type { Local } from "../../asm/value.ts";

/** A piece a repeat: what kernels do that are not worth a finer cut. */
export const repeatPieces = (repeat: number): number => repeat;

/**
 * The parameters of a stage whose pieces are its repeats: its addresses, each moved to the first repeat at hand, then the number of
 * repeats. `bytes`: from one repeat to the next, for each address; 0 where it serves them all.
 */
export function repeatParameters(f: FunctionBuilder, bytes: readonly number[]): Local<"i32">[] {
  const parameters = f.i32Parameters();
  const [begin, end] = parameters.slice(bytes.length) as [Local<"i32">, Local<"i32">];
  const addresses = parameters.slice(0, bytes.length);
  addresses.forEach((address, i) => {
    if (bytes[i] !== 0) increment(f, address, i32.mul(begin, bytes[i]!));
  });
  return [...addresses, f.let(i32.sub(end, begin))];
}
