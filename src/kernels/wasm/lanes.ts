/** Loads and stores of one to four neighbouring float32 numbers, for the ends of rows that are no multiple of four. */
import type { FunctionBuilder } from "../../asm/function-builder.ts";
import { v128 } from "../../asm/simd.ts";
import type { Local, V128 } from "../../asm/value.ts";

/** Numbers at address + offset (bytes) in the first `lanes` lanes, 0 in the others. Reads nothing behind them. */
export function loadLanes(address: Local<"i32">, lanes: number, offset = 0): V128 {
  switch (lanes) {
    case 1:
      return v128.load32Zero(address, offset);
    case 2:
      return v128.load64Zero(address, offset);
    case 3:
      return v128.load32Lane(address, v128.load64Zero(address, offset), 2, offset + 8);
    default:
      return v128.load(address, offset);
  }
}

/** Stores the first `lanes` lanes at address + offset (bytes). `value` is kept in a local where it is needed twice. */
export function storeLanes(f: FunctionBuilder, address: Local<"i32">, value: V128, lanes: number, offset = 0): void {
  switch (lanes) {
    case 1:
      f.storeLane32(address, value, 0, offset);
      break;
    case 2:
      f.storeLane64(address, value, 0, offset);
      break;
    case 3:
      f.scope(() => {
        const kept = f.let(value);
        f.storeLane64(address, kept, 0, offset);
        f.storeLane32(address, kept, 2, offset + 8);
      });
      break;
    default:
      f.store(address, value, offset);
  }
}
