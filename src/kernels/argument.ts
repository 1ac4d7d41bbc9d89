/** The arguments of stages, as short words: `[input(0), constant(0), output, repeat]`. */
import type { StageArgument, WasmStageArgument } from "./op.ts";

export const input = (index: number): StageArgument => ({ from: "input", index });
export const constant = (index: number): StageArgument => ({ from: "constant", index });
export const scratch = (index: number): StageArgument => ({ from: "scratch", index });
export const output: StageArgument = { from: "output" };
export const local: WasmStageArgument = { from: "local" };
export const repeat: StageArgument = { from: "repeat" };
