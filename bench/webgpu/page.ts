// The half of the benchmark that runs in the browser: it makes engines ready and times single runs; run.ts, which drives the browser,
// decides what runs when. Engines are imported when they are opened, so that one can be measured where another is not there.
import type { Graph } from "../../src/graph/graph.ts";
import type { OpenRunner, Runner, Workload } from "../common/runner.ts";
import { graphFlops, networkWorkload, tracedNetwork } from "../common/workload.ts";
import { permute } from "../peers/permute.ts";
import type { EngineName } from "./engine-names.ts";
import { type ConvLayer, convLayers, layerWorkload } from "./layer-workload.ts";

/** The networks that are measured on WebGPU. */
export type BenchModel = "resnet18" | "resnet50";

export interface WorkloadSpec {
  readonly model: BenchModel;
  readonly batch: number;
  /** A convolution's node; the whole network unless told. */
  readonly layer?: string;
}

export interface BenchPage {
  adapter(): Promise<string>;
  layers(model: BenchModel): Promise<ConvLayer[]>;
  /** Floating-point operations of one image. */
  flops(model: BenchModel): Promise<number>;
  /** Gives the engine's version. */
  open(engine: EngineName, spec: WorkloadSpec): Promise<string>;
  /** One run: milliseconds from inputs in memory to the output in memory; the output as NCHW. */
  time(engine: EngineName): Promise<{ milliseconds: number; output: number[] }>;
  close(engine: EngineName): Promise<void>;
}

declare global {
  var benchPage: BenchPage;
}

const engines: Record<EngineName, () => Promise<OpenRunner>> = {
  ours: async () => (await import("./ours.ts")).openOurs,
  oursGemm: async () => (await import("./ours.ts")).openOursGemm,
  tfjs: async () => (await import("../peers/tfjs-webgpu.ts")).openTfjsWebGpu,
  onnxruntime: async () => (await import("../peers/onnxruntime-webgpu.ts")).openOnnxruntimeWebGpu,
};

const networks = new Map<string, Promise<Graph>>();
const opened = new Map<EngineName, { runner: Runner; workload: Workload }>();

async function fetchBytes(path: string): Promise<ArrayBuffer> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: status ${response.status}`);
  return response.arrayBuffer();
}

function network(model: BenchModel): Promise<Graph> {
  const known = networks.get(model);
  const graph =
    known ?? fetchBytes(`/bench-data/${model}`).then((bytes) => tracedNetwork(model, new Uint8Array(bytes)));
  networks.set(model, graph);
  return graph;
}

async function workloadOf({ model, batch, layer }: WorkloadSpec): Promise<Workload> {
  const graph = await network(model);
  if (layer !== undefined) return layerWorkload(graph, layer, batch);
  return networkWorkload(graph, batch, new Float32Array(await fetchBytes("/bench-data/photos")));
}

function openedOf(engine: EngineName): { runner: Runner; workload: Workload } {
  const found = opened.get(engine);
  if (!found) throw new Error(`${engine} is not open`);
  return found;
}

globalThis.benchPage = {
  adapter: async () => {
    const { vendor, architecture, description } = (await navigator.gpu.requestAdapter())!.info;
    return [vendor, architecture, description].filter((part) => part !== "").join(" ");
  },
  layers: async (model) => convLayers(await network(model)),
  flops: async (model) => graphFlops(await network(model)),
  open: async (engine, spec) => {
    const workload = await workloadOf(spec);
    const runner = await (await engines[engine]())(workload);
    opened.set(engine, { runner, workload });
    return runner.version;
  },
  time: async (engine) => {
    const { runner, workload } = openedOf(engine);
    const start = performance.now();
    const data = await runner.run();
    const milliseconds = performance.now() - start;
    const { graph, batch } = workload;
    const { shape } = graph.nodes.find(({ id }) => id === graph.outputs[0]!.node)!;
    const [channels, ...map] = shape.slice(1) as [number, ...number[]];
    const isMap = runner.layout === "nhwc" && map.length === 2;
    const output = isMap ? permute({ shape: [batch, ...map, channels], data }, [0, 3, 1, 2]).data : data;
    return { milliseconds, output: Array.from(output) };
  },
  close: async (engine) => {
    const { runner } = openedOf(engine);
    opened.delete(engine);
    await runner.dispose();
  },
};
