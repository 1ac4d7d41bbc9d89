/** One kernel in a memory of its own, run on this thread: random weights and inputs, packed and laid out as its variant asks. */
import { setFlagsFromString } from "node:v8";
import { FunctionBuilder } from "../../src/asm/function-builder.ts";
import { ModuleBuilder } from "../../src/asm/module-builder.ts";
import type { WasmCapabilities, WasmStageArgument, WasmVariant } from "../../src/kernels/op.ts";

export interface Operands {
  /** Numbers of each operand, for one repeat, in the op's order; those that are weights are packed. */
  readonly elements: readonly number[];
  readonly weights: readonly boolean[];
  /** Numbers of the output, for one repeat. */
  readonly output: number;
}

export interface BenchKernel {
  /** Runs all stages once; milliseconds of each. */
  readonly run: () => number[];
  readonly stageNames: readonly string[];
  readonly output: Float32Array;
  readonly packedBytes: number;
  readonly scratchBytes: number;
}

const flags = ["experimental-wasm-revectorize", "liftoff", "wasm-lazy-compilation"] as const;

/** As V8 packs pairs of 128-bit instructions to 256 bits: its flags are the process's and so are put back. */
function compileFor(simd: 128 | 256, module: ModuleBuilder): WebAssembly.Module {
  // The engine keeps compiled code by the module's bytes, whatever the flags were.
  module.addCustomSection("simd", [simd === 256 ? 1 : 0, 0]);
  const bytes = module.toBytes();
  if (simd === 256) setFlagsFromString(`--${flags[0]}`);
  for (const flag of flags.slice(1)) setFlagsFromString(`--no-${flag}`);
  try {
    return new WebAssembly.Module(bytes);
  } finally {
    if (simd === 256) setFlagsFromString(`--no-${flags[0]}`);
    for (const flag of flags.slice(1)) setFlagsFromString(`--${flag}`);
  }
}

export function benchKernel<P>(
  variant: WasmVariant<P>,
  problem: P,
  operands: Operands,
  options: { readonly capabilities: WasmCapabilities; readonly repeat: number },
): BenchKernel {
  const { capabilities, repeat } = options;
  const rule = variant.layouts(problem);
  const stages = variant.stages(problem, rule === "any" ? "nhwc" : rule.output, capabilities);
  const constants = variant.constants?.(problem, capabilities) ?? [];
  const scratch = variant.scratch?.(problem, capabilities) ?? [];
  let top = 64;
  const place = (elements: number) => {
    const address = top;
    top += Math.ceil(elements / 16) * 64;
    return { address, elements };
  };
  const inputs = operands.elements.map((elements, i) => place(operands.weights[i] ? 0 : elements * repeat));
  const output = place(operands.output * repeat);
  const packed = constants.map(({ elements }) => place(elements));
  const scratches = scratch.map((elements) => place(elements * repeat));
  const own = place(Math.max(0, ...stages.map(({ local = 0 }) => local)));
  const pages = Math.ceil(top / 65536) + 1;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const floats = ({ address, elements }: { address: number; elements: number }) =>
    new Float32Array(memory.buffer, address, elements);
  for (const [i, at] of inputs.entries()) floats(at).set(noise(at.elements, i));
  const raw = operands.elements.map((elements, i) => (operands.weights[i] ? noise(elements, i) : new Float32Array()));
  for (const [i, constant] of constants.entries()) {
    const out = new Float32Array(constant.elements);
    constant.write(
      constant.operands.map((operand) => raw[operand]!),
      out,
    );
    floats(packed[i]!).set(out);
  }
  const module = new ModuleBuilder({
    memory: { module: "env", name: "memory", initial: 1, maximum: 65536, shared: true },
  });
  for (const [i, stage] of stages.entries()) {
    const f = new FunctionBuilder({ parameters: [...stage.arguments, "begin", "end"].map(() => "i32" as const) });
    stage.emit(f);
    module.addFunction(f, { export: `stage${i}` });
  }
  const { exports } = new WebAssembly.Instance(compileFor(capabilities.simd, module), { env: { memory } });
  const operandOf = (argument: WasmStageArgument): number => {
    switch (argument.from) {
      case "input":
        return inputs[argument.index]!.address;
      case "output":
        return output.address;
      case "constant":
        return packed[argument.index]!.address;
      case "scratch":
        return scratches[argument.index]!.address;
      case "local":
        return own.address;
      case "repeat":
        return repeat;
      default:
        throw new Error(`unknown argument ${JSON.stringify(argument satisfies never)}`);
    }
  };
  const calls = stages.map((stage, i) => {
    const call = exports[`stage${i}`] as (...operands: number[]) => void;
    const given = [...stage.arguments.map(operandOf), 0, stage.pieces(repeat)];
    return () => call(...given);
  });
  const bytesOf = (list: readonly { elements: number }[]) => list.reduce((sum, { elements }) => sum + 4 * elements, 0);
  return {
    run: () =>
      calls.map((call) => {
        const start = performance.now();
        call();
        return performance.now() - start;
      }),
    stageNames: stages.map(({ name }) => name),
    output: floats(output),
    packedBytes: bytesOf(packed),
    scratchBytes: bytesOf(scratches),
  };
}

/** Numbers from -0.5 to 0.5, none of them denormal. */
function noise(elements: number, seed: number): Float32Array {
  const out = new Float32Array(elements);
  for (let i = 0; i < elements; i++) out[i] = ((Math.imul(i + 977 * seed, 2654435761) >>> 8) & 0xffff) / 65536 - 0.5;
  return out;
}
