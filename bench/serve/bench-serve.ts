// `npm run bench:serve`: `residual serve` under the load of many connections. Good and bad bodies mixed, for statuses and latencies; then good
// ones alone, in batches of all callers beside one by one. README.md in bench/ says how to read it. Ends with 1 where a target is missed.
import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Command } from "commander";
import { oneNumberOf, wholeNumber } from "../../src/cli/option-parsers.ts";
import { madeUpWeightFile } from "../../test/support/weight-files.ts";
import { conditionsNow, keepResult, root, say } from "../common/keep-result.ts";
import { inTemporaryFolder } from "../process/keep-process.ts";
import { type LoadRequest, measureLoad } from "./load.ts";
import {
  faultsOf,
  gainOver,
  imagesPerSecond,
  keyOfServe,
  leastGain,
  type Round,
  type ServeKind,
  type ServeResult,
  serveKinds,
  servePage,
  verdictOf,
} from "./serve-report.ts";
import { counting } from "./server-counters.ts";

interface Options {
  depth?: number;
  connections: number;
  seconds: number;
  rounds: number;
  roundSeconds: number;
  record: boolean;
}

const depths = [18, 50];
const options = new Command("bench:serve")
  .description("The service under the load of many connections")
  .option(
    "--depth <n>",
    `${depths.join(" or ")}; both unless told`,
    oneNumberOf("--depth", depths, "not measured here"),
  )
  .option("--connections <n>", "callers at once", wholeNumber("--connections", 1, 10_000), 64)
  .option("--seconds <n>", "of mixed load", wholeNumber("--seconds", 1, 3600), 60)
  .option("--rounds <n>", "together and one by one in turn", wholeNumber("--rounds", 1, 100), 5)
  .option("--round-seconds <n>", "of each", wholeNumber("--round-seconds", 1, 600), 10)
  .option("--no-record", "only print")
  .allowExcessArguments(false)
  .parse()
  .opts<Options>();

interface Server {
  readonly port: number;
  stop(): Promise<void>;
}

async function startServer(folder: string, depth: number, flags: readonly string[]): Promise<Server> {
  const weights = await madeUpWeightFile(join(root, ".cache/clients"), depth);
  const args = [
    ...["--conditions=source", "--wasm-wrapper-tiering-budget=1000000000", join(root, "src/cli/main.ts"), "serve"],
    ...["--port", "0", "--data", join(folder, "store"), "--device", "wasm", "--quiet"],
    ...["--weights", `${depth}=${weights}`, ...flags],
  ];
  // With --quiet it does not say where it listens: the port is asked of the system by taking one that is free.
  const port = await freePort();
  args[args.indexOf("--port") + 1] = String(port);
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
  const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
  for (let tries = 0; !(await isUp(port)); tries++) {
    if (child.exitCode !== null || tries > 600) throw new Error(`residual serve did not start (${child.exitCode})`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    port,
    stop: async () => {
      child.kill("SIGTERM");
      const code = await ended;
      if (code !== 0) throw new Error(`residual serve ended with ${code}`);
    },
  };
}

async function freePort(): Promise<number> {
  const { createServer } = await import("node:net");
  return new Promise((resolve, reject) => {
    const server = createServer().on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

async function isUp(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );
}

const photoFolder = join(root, "examples/photos");
const photos = (await readdir(photoFolder)).filter((name) => name.endsWith(".jpg"));
const jpegs = await Promise.all(photos.map((name) => readFile(join(photoFolder, name))));

function goodRequests(depth: number): LoadRequest[] {
  const headers = { "Content-Type": "image/jpeg" };
  return jpegs.map((body) => ({ method: "POST", path: `/v1/features?depth=${depth}`, headers, body }));
}

function mixedRequests(depth: number): LoadRequest[] {
  const [post, path, json] = ["POST" as const, `/v1/features?depth=${depth}`, { "Content-Type": "application/json" }];
  const jpeg = { "Content-Type": "image/jpeg" };
  const algorithm = "/v1/algo/imageclassification/ResNetFeatureExtraction";
  const bad: LoadRequest[] = [
    { method: post, path, headers: jpeg, body: Buffer.from("no image at all") },
    { method: post, path, headers: jpeg, body: jpegs[0]!.subarray(0, 900) },
    { method: post, path: "/v1/features", headers: json, body: Buffer.from('{"images": [') },
    { method: post, path: "/v1/features?depth=19", headers: jpeg, body: jpegs[0]! },
    { method: post, path: algorithm, headers: json, body: Buffer.from('{"image_path": "data://.my/nowhere"}') },
    { method: "GET", path: "/v1/data/.my/../../etc/passwd" },
    { method: "GET", path: "/nowhere" },
    { method: post, path, headers: jpeg, body: Buffer.alloc(1_200_000) },
  ];
  return goodRequests(depth).flatMap((good, i) => [good, bad[i % bad.length]!]);
}

await inTemporaryFolder(async (folder) => {
  for (const depth of depths.filter((one) => one === (options.depth ?? one))) await measure(depth, folder);
});

async function measure(depth: number, folder: string): Promise<void> {
  const { connections, seconds, rounds, roundSeconds } = options;
  const conditions = { ...conditionsNow("bench/serve"), node: process.version };
  const warmUp = { seconds: 2, connections, requests: goodRequests(depth) };

  const loaded = await startServer(folder, depth, ["--max-body", "1"]);
  await measureLoad({ ...warmUp, port: loaded.port });
  const mixed = await measureLoad({ port: loaded.port, connections, seconds, requests: mixedRequests(depth) });
  const alive = await isUp(loaded.port);
  await loaded.stop();
  const { p50, p99 } = mixed.latency;
  say(
    `resnet${depth}, mixed: ${imagesPerSecond(mixed).toFixed(1)} images/s, p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms, ${JSON.stringify(mixed.statuses)}`,
  );

  const servers = {
    together: await startServer(folder, depth, []),
    alone: await startServer(folder, depth, ["--max-batch", "1", "--batch-wait", "0"]),
    throughput: await startServer(folder, depth, ["--throughput"]),
  };
  const made: Record<ServeKind, Round[]> = { together: [], alone: [], throughput: [], oneCaller: [] };
  for (const { port } of Object.values(servers)) await measureLoad({ ...warmUp, port });
  for (let round = 0; round < rounds; round++) {
    for (const kind of round % 2 === 0 ? serveKinds : serveKinds.toReversed()) {
      const { port } = servers[kind === "oneCaller" ? "together" : kind];
      const load = { port, seconds: roundSeconds, connections: kind === "oneCaller" ? 1 : connections };
      const [run, counted] = await counting(port, () => measureLoad({ ...load, requests: goodRequests(depth) }));
      made[kind].push({ imagesPerSecond: imagesPerSecond(run), ...counted });
    }
    const shown = serveKinds.map((kind) => `${kind} ${made[kind].at(-1)!.imagesPerSecond.toFixed(1)}`).join(", ");
    say(`resnet${depth}, round ${round + 1}: ${shown} images/s`);
  }
  for (const server of Object.values(servers)) await server.stop();

  const result: ServeResult = { depth, connections, mixed, rounds: made, conditions };
  say(verdictOf(result));
  const faults = [...faultsOf(mixed), ...(alive ? [] : ["it did not answer afterwards"])];
  for (const fault of faults) say(`fault: ${fault}`);
  if (faults.length > 0 || gainOver("alone", result).median < leastGain) process.exitCode = 1;
  if (!options.record) return;
  const date = conditions.date;
  say(await keepResult(result, { kind: "serve", date, keyOf: keyOfServe, page: servePage }));
}
