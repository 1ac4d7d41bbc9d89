/**
 * One WebAssembly kernel on this thread, with its pieces dealt out as a test likes: in any order, in any runs, to locals of several
 * threads. Everything that a kernel may not rely on (scratch, locals, the output before it is written) is NaN, and what lies between the
 * arrays must stay as it is.
 */
import { setFlagsFromString } from "node:v8";
import { FunctionBuilder } from "../../src/asm/function-builder.ts";
import { ModuleBuilder } from "../../src/asm/module-builder.ts";
import type { WasmCapabilities, WasmStage, WasmStageArgument, WasmVariant } from "../../src/kernels/op.ts";
import { hashPositive, hashSigned } from "./hash-fill.ts";

/** Some pieces, to be done by one thread. */
export interface Deal {
  readonly thread: 0 | 1;
  readonly begin: number;
  readonly end: number;
}

/** Who does which pieces of a stage, one after another. */
export type Dealing = (pieces: number) => readonly Deal[];

export interface KernelCase {
  readonly problem: object;
  /** Numbers of each operand of one repeat, whether it is a weight, and whether each repeat has its own. */
  readonly operands: readonly {
    readonly elements: number;
    readonly weight: boolean;
    readonly walks: boolean;
    readonly fill?: "signed" | "positive";
  }[];
  /** Numbers of the output of one repeat. */
  readonly output: number;
}

function filled(seed: string, { elements, fill = "signed" }: KernelCase["operands"][number]): Float32Array {
  return (fill === "signed" ? hashSigned : hashPositive)(seed, elements);
}

/** A number that no kernel computes, between the arrays. */
const guard = 12345.5;
const guardElements = 16;

export class WasmStages {
  /** Index of the operand that the output may be written over. */
  readonly overwrites: number | undefined;
  readonly #stages: readonly WasmStage[];
  readonly #exports: WebAssembly.Exports;
  readonly #memory: WebAssembly.Memory;
  readonly #case: KernelCase;
  readonly #constants: readonly Float32Array[];
  readonly #scratch: readonly number[];

  /** `pack256`: compiled as V8 compiles for 256 bits, where it can. Inputs and weights are filled by a hash. */
  constructor(
    variant: WasmVariant<object>,
    kernelCase: KernelCase,
    options: { readonly capabilities: WasmCapabilities; readonly pack256?: boolean },
  ) {
    const { problem, operands } = kernelCase;
    const { capabilities, pack256 = false } = options;
    const rule = variant.layouts(problem);
    this.#case = kernelCase;
    this.overwrites = variant.overwrites?.(problem);
    this.#stages = variant.stages(problem, rule === "any" ? "nhwc" : rule.output, capabilities);
    this.#scratch = variant.scratch?.(problem, capabilities) ?? [];
    this.#constants = (variant.constants?.(problem, capabilities) ?? []).map(({ elements, operands: of, write }) => {
      const out = new Float32Array(elements);
      write(
        of.map((i) => filled(`operand ${i}`, operands[i]!)),
        out,
      );
      return out;
    });
    const module = new ModuleBuilder({ memory: { module: "env", name: "memory", initial: 1 } });
    module.addCustomSection("simd", [pack256 ? 1 : 0, 0]);
    for (const [i, stage] of this.#stages.entries()) {
      const f = new FunctionBuilder({ parameters: [...stage.arguments, "begin", "end"].map(() => "i32" as const) });
      stage.emit(f);
      module.addFunction(f, { export: `stage${i}` });
    }
    this.#memory = new WebAssembly.Memory({ initial: 1 });
    const compiled = pack256 ? compilePacked(module.toBytes()) : new WebAssembly.Module(module.toBytes());
    this.#exports = new WebAssembly.Instance(compiled, { env: { memory: this.#memory } }).exports;
  }

  /** Pieces of each stage of a run. */
  pieces(repeats: number): number[] {
    return this.#stages.map((stage) => stage.pieces(repeats));
  }

  /**
   * The output of `repeats` repeats, the inputs of which are `first`, `first + 1`, … of an endless row. `inPlace`: written over the operand
   * that the variant allows, where it allows one.
   */
  run(repeats: number, dealing: Dealing, { first = 0, inPlace = false } = {}): Float32Array {
    const { operands, output } = this.#case;
    let top = guardElements;
    const place = (elements: number) => {
      const at = top;
      top += Math.ceil(elements / 16) * 16 + guardElements;
      return { at, elements };
    };
    const inputs = operands.map(({ elements, weight, walks }) => place(weight ? 0 : elements * (walks ? repeats : 1)));
    const result = (inPlace && inputs[this.overwrites ?? -1]) || place(output * repeats);
    const constants = this.#constants.map(({ length }) => place(length));
    const scratch = this.#scratch.map((elements) => place(elements * repeats));
    const local = Math.max(0, ...this.#stages.map((stage) => stage.local ?? 0));
    const locals = [place(local), place(local)];
    const missing = Math.ceil((4 * top) / 65536) - this.#memory.buffer.byteLength / 65536;
    if (missing > 0) this.#memory.grow(missing);
    const memory = new Float32Array(this.#memory.buffer, 0, top);
    memory.fill(guard);
    const view = ({ at, elements }: { at: number; elements: number }) => memory.subarray(at, at + elements);
    for (const unwritten of [result, ...scratch, ...locals]) view(unwritten).fill(Number.NaN);
    for (const [i, constant] of this.#constants.entries()) view(constants[i]!).set(constant);
    for (const [i, operand] of operands.entries()) {
      const { elements, weight, walks } = operand;
      if (weight) continue;
      const into = view(inputs[i]!);
      for (let repeat = 0; repeat < (walks ? repeats : 1); repeat++)
        into.set(filled(`operand ${i}/${walks ? first + repeat : ""}`, operand), repeat * elements);
    }
    const address = (argument: WasmStageArgument, thread: number): number => {
      switch (argument.from) {
        case "input":
          return 4 * inputs[argument.index]!.at;
        case "output":
          return 4 * result.at;
        case "constant":
          return 4 * constants[argument.index]!.at;
        case "scratch":
          return 4 * scratch[argument.index]!.at;
        case "local":
          return 4 * locals[thread]!.at;
        case "repeat":
          return repeats;
        default:
          throw new Error(`unknown argument ${JSON.stringify(argument satisfies never)}`);
      }
    };
    for (const [i, stage] of this.#stages.entries()) {
      const call = this.#exports[`stage${i}`] as (...numbers: number[]) => void;
      for (const { thread, begin, end } of dealing(stage.pieces(repeats)))
        call(...stage.arguments.map((argument) => address(argument, thread)), begin, end);
    }
    for (const { at, elements } of [...inputs, result, ...constants, ...scratch, ...locals])
      for (let i = at + elements; i < at + Math.ceil(elements / 16) * 16 + guardElements; i++)
        if (memory[i] !== guard) throw new Error(`${i - at - elements + 1} numbers behind an array were written`);
    return view(result).slice();
  }
}

/** The flags are the process's: tests run in processes of their own. */
function compilePacked(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  const flags = ["experimental-wasm-revectorize", "no-liftoff", "no-wasm-lazy-compilation"];
  for (const flag of flags) setFlagsFromString(`--${flag}`);
  try {
    return new WebAssembly.Module(bytes);
  } finally {
    for (const flag of flags) setFlagsFromString(flag.startsWith("no-") ? `--${flag.slice(3)}` : `--no-${flag}`);
  }
}
