// `npm run parity`: how near every device is to PyTorch, on every golden, as a table. Ends with 1 where a limit is exceeded.
// WebAssembly goes four ways: as a model does unless told (wasm), in vectors of 256 bits where the engine packs them, by kernels for
// throughput, and without fused multiply-add. Options: --device WAY, --only GROUP (ops, blocks, tiny, resnet18, …); both may be given
// several times.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Backend } from "../src/backends/backend.ts";
import { type OpenedBackend, openBackend } from "../src/backends/select.ts";
import { openWasmBackend } from "../src/backends/wasm/wasm-backend.ts";
import { Engine } from "../src/engine/engine.ts";
import type { Graph } from "../src/graph/graph.ts";
import type { OptimizeFor } from "../src/kernels/op.ts";
import { type OpName, opOf } from "../src/kernels/table.ts";
import { Model } from "../src/model/model.ts";
import { openNetwork } from "../src/model/open-model.ts";
import { inputName, trace } from "../src/nn/trace.ts";
import type { HostTensor } from "../src/tensor/host-tensor.ts";
import { sizeOf } from "../src/tensor/shape.ts";
import { openSafetensors } from "../src/weights/safetensors.ts";
import { relativeError } from "../test/support/compare.ts";
import { type BlockCase, buildBlock } from "../test/support/golden-blocks.ts";
import { goldenIndex, goldenStateDict, type NetworkName, openGoldenOutputs } from "../test/support/golden-networks.ts";
import { casesOfTable, openOpGoldens } from "../test/support/golden-ops.ts";
import { hashSigned } from "../test/support/hash-fill.ts";
import { caseInputs, opGraph, opInputs } from "../test/support/op-graph.ts";

/** A device, and how it computes. */
interface Way {
  /** The largest relative error that is right. */
  readonly limit: number;
  /** Photos of a network: the slow ones take fewer; the first has all taps. */
  readonly photos: number;
  readonly open: () => Promise<OpenedBackend>;
  readonly optimizeFor?: OptimizeFor;
}

const ways = {
  reference: { limit: 1e-5, photos: 1, open: () => openBackend({ device: "reference" }) },
  wasm: { limit: 1e-4, photos: 3, open: () => openBackend({ device: "wasm" }) },
  "wasm-256": { limit: 1e-4, photos: 1, open: () => openBackend({ device: "wasm", simd: "auto" }) },
  "wasm-throughput": {
    ...{ limit: 1e-4, photos: 1, open: () => openBackend({ device: "wasm" }) },
    optimizeFor: "throughput",
  },
  "wasm-unfused": {
    ...{ limit: 1e-4, photos: 1 },
    open: async () => ({ backend: await openWasmBackend({ capabilities: { relaxedSimd: false } }) }),
  },
  webgpu: { limit: 1e-4, photos: 2, open: () => openBackend({ device: "webgpu" }) },
} satisfies Record<string, Way>;
type WayName = keyof typeof ways;

const leastCosine = 0.999999;

interface Row {
  readonly group: string;
  readonly device: WayName;
  readonly compared: string;
  readonly error: number;
  readonly worst: string;
  /** Of vectors; undefined where none were compared. */
  readonly cosine?: number;
  readonly seconds: number;
}

class Worst {
  error = 0;
  name = "";
  count = 0;
  add(name: string, actual: Float32Array, expected: Float32Array): void {
    const error = relativeError(actual, expected);
    this.count++;
    if (!(error <= this.error)) [this.error, this.name] = [error, name];
  }
}

async function runOnce(
  backend: Backend,
  graph: Graph,
  inputs: ReadonlyMap<string, HostTensor>,
  optimizeFor?: OptimizeFor,
): Promise<Float32Array> {
  const resident = backend.createResident();
  const maxBatch = Math.max(...[...inputs.values()].map((input) => input.shape[0] ?? 1), 1);
  const session = await backend.prepare(graph, resident, { maxBatch, optimizeFor });
  try {
    return (await session.run(inputs)).get(graph.outputs[0]!.name)!.data;
  } finally {
    session.dispose();
    resident.dispose();
  }
}

async function ops(device: WayName): Promise<Omit<Row, "seconds">> {
  const { open, optimizeFor }: Way = ways[device];
  const { backend } = await open();
  const golden = await openOpGoldens();
  const worst = new Worst();
  const cases = casesOfTable();
  for (const op of Object.keys(cases) as OpName[])
    for (const testCase of opOf(op).cases) {
      const expected = golden.tensors.get(`${op}/${testCase.name}`);
      if (!expected)
        throw new Error(`test/golden has no ${op}/${testCase.name}: make the goldens anew (tools/golden/README.md)`);
      const operands = caseInputs(op, testCase);
      const graph = opGraph(op, testCase.attrs, operands);
      const actual = await runOnce(backend, graph, opInputs(graph, operands), optimizeFor);
      worst.add(`${op}/${testCase.name}`, actual, Float32Array.from(await expected.read()));
    }
  await golden.close();
  backend.dispose();
  return { group: "ops", device, compared: `${worst.count} cases`, error: worst.error, worst: worst.name };
}

async function blocks(device: WayName): Promise<Omit<Row, "seconds">> {
  const url = (name: string) => new URL(`../test/golden/${name}`, import.meta.url);
  const cases: BlockCase[] = JSON.parse(readFileSync(url("blocks.json"), "utf8"));
  const golden = await openSafetensors(url("blocks.safetensors"));
  const { open, optimizeFor }: Way = ways[device];
  const { backend } = await open();
  const worst = new Worst();
  for (const spec of cases) {
    const x: HostTensor = {
      shape: spec.input,
      dtype: "float32",
      data: hashSigned(`block/${spec.name}/input`, sizeOf(spec.input)),
    };
    const graph = trace(buildBlock(spec), spec.input.slice(1));
    const actual = await runOnce(backend, graph, new Map([[inputName, x]]), optimizeFor);
    worst.add(spec.name, actual, Float32Array.from(await golden.tensors.get(spec.name)!.read()));
  }
  await golden.close();
  backend.dispose();
  return { group: "blocks", device, compared: `${worst.count} cases`, error: worst.error, worst: worst.name };
}

/** The whole way, from the photo's file to the vector, the logits, and for one photo every node's channel means. */
async function network(name: NetworkName, device: WayName): Promise<Omit<Row, "seconds">> {
  const { photos, taps } = (await goldenIndex()).networks[name];
  await using golden = await openGoldenOutputs(name);
  const weights = name === "tiny" ? undefined : await goldenStateDict(name);
  const way: Way = ways[device];
  const openEngine = async () => new Engine(await way.open());
  const {
    runner,
    info,
    device: ran,
  } = await openNetwork({ model: name, weights, optimizeFor: way.optimizeFor }, openEngine);
  await using model = new Model(runner, info, ran);
  const worst = new Worst();
  let cosine = 1;
  const chosen = name === "tiny" ? photos : photos.slice(0, way.photos);
  for (const [i, photo] of chosen.entries()) {
    const path = fileURLToPath(new URL(`../examples/photos/${photo}`, import.meta.url));
    const ends = model.info.classes > 0 ? ["avgpool", "fc"] : ["avgpool"];
    const layers = i === 0 ? [...ends, ...taps] : ends;
    const { vectors } = await model.features(path, { layers });
    for (const layer of layers) worst.add(`${photo}/${layer}`, vectors[layer]!, await golden.read(photo, layer));
    cosine = Math.min(cosine, cosineOf(vectors.avgpool!, await golden.read(photo, "avgpool")));
  }
  const compared = `${chosen.length} photo${chosen.length === 1 ? "" : "s"}, ${worst.count} outputs`;
  return { group: name, device, compared, error: worst.error, worst: worst.name, cosine };
}

function cosineOf(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

const groups = {
  ops,
  blocks,
  tiny: (device: WayName) => network("tiny", device),
  resnet18: (device: WayName) => network("resnet18", device),
  resnet34: (device: WayName) => network("resnet34", device),
  resnet50: (device: WayName) => network("resnet50", device),
  resnet101: (device: WayName) => network("resnet101", device),
  resnet152: (device: WayName) => network("resnet152", device),
  resnext50_32x4d: (device: WayName) => network("resnext50_32x4d", device),
} satisfies Record<string, (device: WayName) => Promise<Omit<Row, "seconds">>>;

const { values } = parseArgs({
  options: {
    device: { type: "string", multiple: true },
    only: { type: "string", multiple: true },
    help: { type: "boolean", short: "h" },
  },
});
if (values.help) {
  console.log("usage: npm run parity -- [--device WAY]… [--only GROUP]…; all of them unless told\n");
  console.log(`  --device  ${Object.keys(ways).join(", ")}\n  --only    ${Object.keys(groups).join(", ")}`);
  process.exit(0);
}
const devices = (Object.keys(ways) as WayName[]).filter((name) => values.device?.includes(name) ?? true);
const names = (Object.keys(groups) as (keyof typeof groups)[]).filter((name) => values.only?.includes(name) ?? true);
if (devices.length === 0 || names.length === 0) {
  console.error(
    `parity: nothing to do; devices: ${Object.keys(ways).join(", ")}; groups: ${Object.keys(groups).join(", ")}`,
  );
  process.exit(2);
}

const columns = [15, 16, 24, 12, 12, 8] as const;
const print = (cells: readonly string[]) =>
  console.log(cells.map((cell, i) => cell.padEnd(columns[i] ?? 0)).join("  "));
console.log("Against PyTorch (test/golden): largest relative error max|a-b|/max|b|, least cosine of the vectors");
print(["golden", "device", "compared", "error", "cosine", "seconds", "worst at"]);
let failed = 0;
for (const name of names)
  for (const device of devices) {
    const start = performance.now();
    const { compared, error, cosine, worst } = await groups[name](device);
    const ok = error <= ways[device].limit && (cosine ?? 1) >= leastCosine;
    if (!ok) failed++;
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    const verdict = ok ? "" : `  TOO FAR: at most ${ways[device].limit}, cosine at least ${leastCosine}`;
    print([name, device, compared, error.toExponential(2), cosine?.toFixed(8) ?? "", seconds, `${worst}${verdict}`]);
  }
console.log(failed === 0 ? "all within the limits" : `${failed} beyond the limits`);
process.exitCode = failed === 0 ? 0 : 1;
