// `npm run test:clients`: the hosted service's own clients, from npm and from PyPI, against `residual serve`, both real. Installs them (the npm
// one beside this file, the Python one into .cache), makes weights up for the five depths, has each client do the same steps, and compares
// what it printed with what the library gives. --record keeps what was said for `npm test`. Ends with 1 where anything is not as it must be.
import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { openModel } from "../../src/index.ts";
import { fromRoot } from "../support/small-weights.ts";
import { madeUpWeightFile } from "../support/weight-files.ts";
import { checkSteps, type Expected } from "./check-steps.ts";
import { startRecorder } from "./recorder.ts";
import { examples, lengths, photos, type Step } from "./scenario.ts";

const run = promisify(execFile);
const here = fromRoot("test/clients");
const cache = fromRoot(".cache/clients");
const photoFolder = fromRoot("examples/photos");
const key = "a-key-of-the-clients-test";
const record = process.argv.includes("--record");

/** The Python client in a virtual environment of its own. Throws where Python or pip cannot be had: a client that is not tried is no success. */
async function installPython(): Promise<string> {
  const folder = join(cache, "python");
  const python = join(folder, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
  const command = process.env.RESIDUAL_PYTHON ?? "python3";
  try {
    if (!existsSync(python)) await run(command, ["-m", "venv", folder]);
    await run(python, [
      "-m",
      "pip",
      "install",
      "--quiet",
      "--disable-pip-version-check",
      "-r",
      join(here, "requirements.txt"),
    ]);
    return python;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    const said = error instanceof Error ? error.message.trim() : String(error);
    throw new Error(
      `the client from PyPI cannot be installed by ${command} (3.8 or newer with venv and pip; RESIDUAL_PYTHON names another):\n${said}`,
    );
  }
}

/** `residual serve` in a process of its own. */
async function startServer(data: string): Promise<{ port: number; stop(): Promise<number | null> }> {
  const weights: string[] = [];
  for (const depth of lengths.keys()) weights.push("--weights", `${depth}=${await madeUpWeightFile(cache, depth)}`);
  const args = [
    "--conditions=source",
    "--wasm-wrapper-tiering-budget=1000000000",
    fromRoot("src/cli/main.ts"),
    "serve",
  ];
  const child = spawn(process.execPath, [...args, "--port", "0", "--data", data, "--device", "wasm", ...weights], {
    env: { ...process.env, RESIDUAL_API_KEY: key },
    stdio: ["ignore", "inherit", "pipe"],
  });
  let said = "";
  const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
  const port = new Promise<number>((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      const found = /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(said);
      if (found) resolve(Number(found[1]));
    });
    child.on("error", reject);
    void ended.then((code) => reject(new Error(`residual serve ended with ${code}:\n${said}`)));
  });
  const stop = (): Promise<number | null> => {
    child.kill("SIGTERM");
    return ended;
  };
  return { port: await port, stop };
}

/** What the library itself makes of the photos, by depth: a vector a photo. */
async function vectorsOf(depth: number): Promise<number[][]> {
  const weights = await madeUpWeightFile(cache, depth);
  const model = await openModel({ model: `resnet${depth}`, weights, device: "wasm", simd: "auto" });
  try {
    const vectors: number[][] = [];
    for (const photo of photos) vectors.push(Array.from((await model.features(join(photoFolder, photo))).vector));
    return vectors;
  } finally {
    model.dispose();
  }
}

const python = await installPython();
const photoBytes = await Promise.all(photos.map((photo) => readFile(join(photoFolder, photo))));
const photoOf = (bytes: Uint8Array): string | undefined => photos[photoBytes.findIndex((photo) => photo.equals(bytes))];
const expected: Expected = { vectors: new Map() };
for (const depth of lengths.keys()) expected.vectors.set(depth, await vectorsOf(depth));

const clients = [
  {
    name: "algorithmia 0.3.10 (npm)",
    file: "npm",
    command: [process.execPath, join(here, "node-client.ts"), here, photoFolder],
  },
  {
    ...{ name: "algorithmia 2.0.5 (PyPI)", file: "pypi" },
    command: [python, join(here, "python_client.py"), JSON.stringify({ photos, examples }), photoFolder],
  },
];
let failures = 0;
for (const { name, file, command } of clients) {
  const data = await mkdtemp(join(tmpdir(), "residual-clients-"));
  const server = await startServer(data);
  const recorder = await startRecorder(server.port, photoOf);
  try {
    const [program, ...args] = command as [string, ...string[]];
    const env = { ...process.env, ALGORITHMIA_API: `http://127.0.0.1:${recorder.port}`, ALGORITHMIA_API_KEY: key };
    const { stdout } = await run(program, args, { env, maxBuffer: 2 ** 28, timeout: 300_000 });
    const steps = stdout
      .trim()
      .split("\n")
      .map((line): Step => JSON.parse(line));
    const faults = checkSteps(steps, expected);
    console.log(`${name}: ${steps.length} steps, ${recorder.exchanges.length} requests, ${faults.length} faults`);
    for (const fault of faults) console.log(`  ${fault}`);
    failures += faults.length;
    if (record)
      await writeFile(join(here, "recorded", `${file}.json`), `${JSON.stringify(recorder.exchanges, null, 1)}\n`);
  } finally {
    recorder.close();
    const code = await server.stop();
    if (code !== 0) {
      failures++;
      console.log(`residual serve ended with ${code} after SIGTERM, expected 0`);
    }
    await rm(data, { recursive: true, force: true });
  }
}
process.exitCode = failures > 0 ? 1 : 0;
