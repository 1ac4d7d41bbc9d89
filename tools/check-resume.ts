// `npm run check:resume`: a long run in every format, killed with -9 at random moments and resumed, then read back by Python's own libraries
// (check_features.py): no image lost, doubled or moved. And the memory of a run of 1,000 and of 20,000 images. Minutes; needs Python with
// numpy, pyarrow, safetensors and Pillow (RESIDUAL_PYTHON names it).
import { spawn, spawnSync } from "node:child_process";
import { existsSync, linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { tinyWeights } from "../test/support/small-weights.ts";

const { values } = parseArgs({
  options: {
    images: { type: "string", default: "20000" },
    kills: { type: "string", default: "5" },
    formats: { type: "string", default: "jsonl,json,csv,npy,parquet,safetensors,clip-retrieval" },
    seed: { type: "string", default: "1" },
    python: { type: "string", default: process.env.RESIDUAL_PYTHON ?? "python3" },
  },
});
const [images, kills] = [Number(values.images), Number(values.kills)];
const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "residual-resume-"));
/** Different pictures; every image is one of them, and every `badEvery`-th is none. */
const pictures = 40;
const badEvery = 997;

let state = Number(values.seed);
/** A number below 1: the check says its seed, so that a failure can be seen again. (Park and Miller's generator.) */
function random(): number {
  state = (state * 48271) % 2147483647;
  return state / 2147483647;
}

function python(script: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(values.python, [join(root, "tools", script), ...args], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${script} ${args.join(" ")}: ${stderr}`);
  return stdout.trim();
}

/** The images' names, in the order of the rows; files are links to the pictures. */
function makeImages(name: string, count: number): string {
  const names: string[] = [];
  for (let i = 0; i < count; i++) {
    const part = `${name}/part-${String(Math.floor(i / 1000)).padStart(3, "0")}`;
    if (i % 1000 === 0) mkdirSync(join(folder, part), { recursive: true });
    const path = `${part}/${String(i).padStart(6, "0")}.jpg`;
    linkSync(
      join(folder, i % badEvery === badEvery - 1 ? "bad.txt" : `picture-${i % pictures}.jpg`),
      join(folder, path),
    );
    names.push(path);
  }
  writeFileSync(join(folder, `${name}.json`), JSON.stringify({ names, pictures, badEvery }));
  return name;
}

interface Ended {
  readonly code: number | null;
  /** Largest resident memory seen, in MiB. */
  readonly peak: number;
  readonly seconds: number;
  readonly last: string;
}

/** Runs `residual features` over a folder; `killAt`: kills it with -9 some time after so many images were done. */
function run(source: string, output: string, format: string, killAt?: { done: number; later: number }): Promise<Ended> {
  const flags = [
    "--model",
    "tiny",
    "--weights",
    "small.safetensors",
    "--device",
    "wasm",
    "--resume",
    "--json",
    "--recursive",
  ];
  const args = [
    "--conditions=source",
    join(root, "src/cli/main.ts"),
    "features",
    source,
    "-o",
    output,
    "--format",
    format,
  ];
  const since = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...args, ...flags], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    let [peak, last] = [0, ""];
    const watch = setInterval(() => {
      const status = existsSync(`/proc/${child.pid}/status`) ? readFileSync(`/proc/${child.pid}/status`, "utf8") : "";
      peak = Math.max(peak, Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
    }, 100);
    let waiting = false;
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      for (const line of text.split("\n")) {
        if (!line.includes("bad.txt") && !line.includes("not an image")) last = line || last;
        const done = Number(/"done":(\d+)/.exec(line)?.[1] ?? 0);
        if (!killAt || waiting || done < killAt.done) continue;
        waiting = true;
        setTimeout(() => child.kill("SIGKILL"), killAt.later);
      }
    });
    child.on("error", reject);
    child.on("close", (code) => {
      clearInterval(watch);
      resolve({ code, peak, seconds: (performance.now() - since) / 1000, last });
    });
  });
}

async function checkFormat(source: string, format: string): Promise<void> {
  const output = format === "clip-retrieval" ? "clip" : `out.${format}`;
  // The last kill falls into the time when the output is written from what was kept.
  const moments = Array.from({ length: kills - 1 }, () => Math.floor(0.9 * random() * images)).sort((a, b) => a - b);
  const killed: string[] = [];
  for (const done of [...moments, images]) {
    const { code, last } = await run(source, output, format, { done, later: random() * (done === images ? 400 : 800) });
    if (code !== null && done !== images)
      throw new Error(`${format}: ended with ${code} before it was killed, which shows nothing; take more --images`);
    killed.push(code === null ? String(/"done":(\d+)/.exec(last)?.[1] ?? 0) : `(ended with ${code})`);
  }
  const { code, last } = await run(source, output, format);
  if (code !== 3) throw new Error(`${format}: ended with ${code}: ${last}`);
  const said = python(
    "check_features.py",
    format,
    join(folder, output),
    join(folder, `${source}.json`),
    join(folder, "reference.jsonl"),
  );
  console.log(`${format.padEnd(15)} killed after ${killed.join(", ")} images; ${said}`);
}

try {
  python("make_small_photos.py", join(root, "examples/photos"), folder, String(pictures));
  writeFileSync(join(folder, "bad.txt"), "no picture");
  writeFileSync(join(folder, "small.safetensors"), await tinyWeights({ crop: 32 }));
  const reference = await run(makeImages("few", pictures), "reference.jsonl", "jsonl");
  if (reference.code !== 0) throw new Error(`the reference ended with ${reference.code}: ${reference.last}`);
  console.log(`seed ${values.seed}, ${images} images, ${Math.floor(images / badEvery)} of them none`);
  for (const format of ["jsonl", "parquet"])
    for (const count of [1000, images]) {
      const name = `memory-${format}-${count}`;
      const { peak, seconds, code } = await run(makeImages(name, count), `${name}.${format}`, format);
      console.log(
        `memory: ${format}, ${count} images: ${peak.toFixed(0)} MiB at most, ${seconds.toFixed(1)} s, exit ${code}`,
      );
    }
  const source = makeImages("many", images);
  for (const format of values.formats.split(",")) await checkFormat(source, format);
  console.log("no row lost, doubled or moved");
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
