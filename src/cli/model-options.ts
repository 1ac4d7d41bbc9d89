/** The options of every command that opens a model: which network and weights, where it runs and how. */
import { type Command, Option } from "commander";
import { type DeviceChoice, deviceChoices, mostThreads } from "../backends/select.ts";
import { type SimdChoice, simdChoices } from "../backends/simd.ts";
import { depths, type ModelName, modelNames, modelOfDepth } from "../model/architectures.ts";
import type { OpenOptions } from "../model/open-model.ts";
import { UsageError } from "./exit.ts";
import { notEmpty, oneNumberOf, oneOf, shown, wholeNumber } from "./option-parsers.ts";
import { asPath } from "./path-list.ts";

export interface ModelFlags {
  depth?: number;
  model?: ModelName;
  weights?: string;
  offline?: boolean;
  mirror?: string;
  device: DeviceChoice;
  threads?: number;
  simd: SimdChoice;
  throughput?: boolean;
  kernel?: Record<string, string>;
}

/** An option with a list of what it may be: commander shows the list in the help, and our parser says what is wrong. */
export function choice<T extends string>(flags: string, help: string, choices: readonly T[], what: string): Option {
  return new Option(flags, help).choices(choices).argParser(oneOf(flags.split(" ")[0]!, choices, what));
}

export function addModelOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--depth <n>", `depth of the ResNet: ${depths.join(", ")} (default: 50)`)
        .argParser(oneNumberOf("--depth", depths, "there is no ResNet of that depth"))
        .conflicts("model"),
    )
    .addOption(choice("--model <name>", "network by name", modelNames, "there is no such network"))
    .option(
      "--weights <name>",
      "IMAGENET1K_V1, IMAGENET1K_V2 or DEFAULT (torchvision's), downloaded where they are not in the cache; or " +
        "a weight file (PyTorch's, safetensors, ONNX) or its https: address",
      notEmpty("--weights"),
    )
    .option("--offline", "download nothing (as RESIDUAL_OFFLINE=1)")
    .addOption(mirrorOption())
    .addOption(choice("--device <name>", "where to run", deviceChoices, "there is no such device").default("auto"))
    .option(
      "--threads <n>",
      "threads that run WebAssembly, and decode images (default: one a processor); no number depends on it",
      wholeNumber("--threads", 1, mostThreads),
    )
    .addOption(
      choice(
        "--simd <bits>",
        "bits of WebAssembly's vectors: 256 fails where V8 cannot be made to pack them, auto takes 128 there; no number depends on it",
        simdChoices,
        "there are no such vectors",
      ).default("auto"),
    )
    .option("--throughput", "kernels for many images a second rather than for one soon; the last bits differ")
    .option(
      "--kernel <node=name>",
      "another kernel for a node, such as layer1.0.conv1=direct (may be given again); the last bits may differ",
      kernelOf,
    );
}

export function mirrorOption(): Option {
  return new Option(
    "--mirror <url>",
    "where pretrained files lie, in place of PyTorch's address (as RESIDUAL_MIRROR)",
  ).argParser(notEmpty("--mirror"));
}

/** A URL object of an http: or https: address; all else as a path. Throws UsageError for `-`. */
export function weightsOf(text: string, flag = "--weights"): string | URL {
  if (text === "-") throw new UsageError(`${flag} -: weights are read in parts, here and there; name a file`);
  if (!/^https?:\/\//i.test(text)) return asPath(text);
  if (URL.canParse(text)) return new URL(text);
  throw new UsageError(`${flag} ${shown(text)}: is no address`);
}

function kernelOf(value: string, others: Record<string, string> = {}): Record<string, string> {
  const [, node, kernel] = /^([^=]+)=(.+)$/.exec(value) ?? [];
  if (node === undefined || kernel === undefined)
    throw new UsageError(`--kernel ${shown(value)}: expected NODE=KERNEL, such as layer1.0.conv1=direct`);
  if (Object.hasOwn(others, node)) throw new UsageError(`--kernel ${node}: is given two kernels; name one`);
  return { ...others, [node]: kernel };
}

/** What the flags mean for openModel. */
export function openOptionsOf(flags: ModelFlags): OpenOptions & { readonly model: ModelName } {
  const { depth = 50, model, weights, offline, mirror, device, threads, simd, throughput, kernel } = flags;
  return {
    model: model ?? modelOfDepth(depth),
    ...{ device, threads, simd },
    ...(weights === undefined ? {} : { weights: weightsOf(weights) }),
    ...(offline ? { offline } : {}),
    ...(mirror === undefined ? {} : { mirror }),
    ...(throughput ? { optimizeFor: "throughput" as const } : {}),
    ...(kernel === undefined ? {} : { kernels: kernel }),
  };
}
