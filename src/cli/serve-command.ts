/** `residual serve`: the hosted service on this machine, with Algorithmia's protocol and a plain face. */
import type { Command } from "commander";
import { deviceChoices, mostThreads } from "../backends/select.ts";
import { depths } from "../model/architectures.ts";
import { algorithmName, defaultLimits, MiB } from "../server/limits.ts";
import type { NamedWeights } from "../server/model-loader.ts";
import { type ExitCode, UsageError } from "./exit.ts";
import { choice, mirrorOption, weightsOf } from "./model-options.ts";
import { notEmpty, oneNumberOf, refuseRepeats, shown, wholeNumber } from "./option-parsers.ts";
import type { ServeFlags } from "./run-serve.ts";

export function addServeCommand(program: Command, onExit: (code: ExitCode) => void): void {
  const command = program
    .command("serve")
    .description(`Serves features over HTTP: as Algorithmia did (${algorithmName}), and at /v1/features.`)
    .requiredOption("--data <folder>", "the store behind data://, a folder of the server's own", notEmpty("--data"));
  const number = (flags: string, help: string, least: number, most: number, value: number): Command =>
    command.option(flags, help, wholeNumber(flags.split(" ")[0]!, least, most), value);
  number("--port <n>", "0: any that is free", 0, 65535, 8080);
  command
    .option("--host <address>", "where to listen; other than loopback only with keys", notEmpty("--host"), "127.0.0.1")
    .option(
      "--weights <depth=name>",
      "weights of a depth, as --weights of features takes them: 18=resnet18.safetensors, 50=IMAGENET1K_V2 (may be given again)",
      weightsOfDepth,
    )
    .option("--offline", "download no weights (as RESIDUAL_OFFLINE=1)")
    .addOption(mirrorOption())
    .option("--preload <depths>", "networks that are loaded ahead, such as 18,50", depthsOf)
    .option(
      "--keys <file>",
      "who may call: lines of USER sha256:HEX, the key's digest (printf %s KEY | sha256sum)",
      notEmpty("--keys"),
    )
    .option("--alias <user/name>", "another name of the algorithm (may be given again)", aliasOf)
    .option("--allow-http", "images may be named by http(s) addresses of the public internet")
    .addOption(choice("--device <name>", "where to run", deviceChoices, "there is no such device").default("auto"))
    .option(
      "--threads <n>",
      "threads that run WebAssembly, and decode images (default: one a processor)",
      wholeNumber("--threads", 1, mostThreads),
    )
    .option("--throughput", "kernels for many images a second rather than for one soon; the last bits differ");
  const limits = defaultLimits;
  number("--max-requests <n>", "requests at once; one more is answered 503", 1, 100_000, limits.requests);
  number("--max-batch <n>", "images of all callers in one run", 1, 1024, limits.batch);
  number(
    "--batch-wait <ms>",
    "how long a run waits for the next image that is being decoded",
    0,
    1000,
    limits.batchWait,
  );
  number("--max-body <MiB>", "a request with its images", 1, 1024, limits.bodyBytes / MiB);
  number("--max-file <MiB>", "a file of the store", 1, 65536, limits.fileBytes / MiB);
  number(
    "--max-answer <MiB>",
    "the answer to a list of images; a folder's has no bound",
    1,
    65536,
    limits.answerBytes / MiB,
  );
  number("--timeout <s>", "how long a request may take", 1, 86400, limits.timeout);
  number("--body-timeout <s>", "how long a small body may take to come", 1, 3600, limits.bodySeconds);
  number(
    "--model-memory <MiB>",
    "what loaded networks may hold; the least recently used goes",
    1,
    1 << 20,
    limits.modelBytes / MiB,
  );
  number("--grace <s>", "how long requests under way are given at the end", 0, 3600, limits.graceSeconds);
  command
    .option("--json", "notices and errors on standard error as JSON lines, as the log always is")
    .option("--quiet", "errors only on standard error, in the log too")
    .addHelpText(
      "after",
      "\nRESIDUAL_API_KEY: one key, of the user `local`. Without any key everybody on this machine may call, and nobody else." +
        "\nCtrl-C and SIGTERM finish what was accepted; a second one ends at once." +
        "\nExit codes: 0 stopped, 1 failed, 2 wrong usage.",
    )
    .action(async (flags: ServeFlags) => {
      // The service's libraries are loaded by nobody else.
      const { runServe } = await import("./run-serve.ts");
      onExit(await runServe(flags));
    });
  refuseRepeats(command, ["weights", "alias"]);
}

const depthOf = oneNumberOf("--preload", depths, "there is no ResNet of that depth");

function depthsOf(value: string): number[] {
  return [...new Set(value.split(",").map(depthOf))];
}

function weightsOfDepth(value: string, others: NamedWeights = new Map()): NamedWeights {
  const [, depthText, file] = /^(\d+)=(.+)$/.exec(value) ?? [];
  if (depthText === undefined || file === undefined)
    throw new UsageError(`--weights ${shown(value)}: expected DEPTH=WEIGHTS, such as 18=resnet18.safetensors`);
  const depth = oneNumberOf("--weights", depths, "there is no ResNet of that depth")(depthText);
  if (others.has(depth)) throw new UsageError(`--weights ${depth}=…: is given twice; each depth has one file`);
  return new Map([...others, [depth, weightsOf(file)]]);
}

function aliasOf(value: string, others: readonly string[] = []): string[] {
  if (!/^[\w.-]+\/[\w.-]+$/.test(value)) throw new UsageError(`--alias ${shown(value)}: expected USER/NAME`);
  return [...others, value];
}
