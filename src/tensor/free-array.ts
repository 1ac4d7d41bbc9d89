/** Gives memory back before the garbage collector comes: it counts objects and not what lies behind them. */
import type { FloatArray } from "./dtype.ts";

/** Frees the array's buffer at once; nobody may use any array over it afterwards. Engines that cannot leave it to their collector. */
export function freeArray({ buffer }: FloatArray): void {
  if (buffer instanceof ArrayBuffer && typeof buffer.transfer === "function") buffer.transfer(0);
}
