/**
 * The WebGPU backend: plans graphs for the adapter at hand, compiles their shaders, uploads their weights, and runs them. One device a
 * backend. No mathematics here.
 */
import { DeviceError } from "../../errors.ts";
import { compileGraph, formatCompiled } from "../../graph/compile.ts";
import type { Graph } from "../../graph/graph.ts";
import { wgslTarget } from "../../kernels/target.ts";
import type { Backend, BackendCounters, DeviceInfo, PrepareOptions, Resident, Session } from "../backend.ts";
import { checkMaxBatch } from "../session-inputs.ts";
import { findAdapter } from "./adapter.ts";
import { batchCapacity } from "./batch-capacity.ts";
import { type DeviceOptions, type GpuDevice, openGpuDevice } from "./gpu-device.ts";
import { PipelineCache } from "./pipeline-cache.ts";
import { WebGpuResident } from "./webgpu-resident.ts";
import { openWebGpuSession } from "./webgpu-session.ts";

export interface WebGpuOptions extends DeviceOptions {
  /** Without Dawn's bounds checks and validation where the runtime lets us (see platform.ts). Default false. */
  readonly unchecked?: boolean;
}

/** Opens the adapter that WebGPU prefers. Throws DeviceError when there is none. */
export async function openWebGpuBackend(options: WebGpuOptions = {}): Promise<WebGpuBackend> {
  const found = await findAdapter(options);
  if (!found.adapter) throw new DeviceError(`device "webgpu": ${found.reason}`);
  return new WebGpuBackend(await openGpuDevice(found, options));
}

export class WebGpuBackend implements Backend {
  readonly info: DeviceInfo;
  readonly gpu: GpuDevice;
  readonly #pipelines: PipelineCache;
  readonly #residents = new Set<WebGpuResident>();

  constructor(gpu: GpuDevice) {
    this.gpu = gpu;
    this.info = { device: "webgpu", description: gpu.description };
    this.#pipelines = new PipelineCache(gpu);
  }

  createResident(): Resident {
    const resident = new WebGpuResident(this.gpu, (disposed) => this.#residents.delete(disposed));
    this.#residents.add(resident);
    return resident;
  }

  async prepare(graph: Graph, resident: Resident, options: PrepareOptions): Promise<Session> {
    if (!(resident instanceof WebGpuResident) || !this.#residents.has(resident))
      throw new Error("the resident weights are another backend's, or disposed");
    const { maxBatch, overrides, optimizeFor, signal } = options;
    checkMaxBatch(maxBatch);
    this.gpu.throwIfFailed();
    const compiled = compileGraph(graph, wgslTarget(this.gpu.capabilities, optimizeFor), { overrides });
    const { plan } = compiled;
    const capacity = batchCapacity(plan, maxBatch, this.gpu.maxBufferBytes);
    const stages = plan.steps.flatMap((step) => step.stages);
    // Shaders compile while weights are read.
    const [pipelines] = await Promise.all([this.#pipelines.pipelines(stages), resident.pack(plan.weights, signal)]);
    signal?.throwIfAborted();
    return openWebGpuSession({
      plan,
      describe: () => formatCompiled(compiled),
      pipelines,
      cache: this.#pipelines,
      gpu: this.gpu,
      resident,
      maxBatch,
      capacity,
    });
  }

  counters(): BackendCounters {
    const { allocated, liveBuffers, liveBytes } = this.gpu;
    return { compiled: this.#pipelines.compiled, allocated, liveBuffers, liveBytes };
  }

  dispose(): void {
    for (const resident of [...this.#residents]) resident.dispose();
    this.gpu.dispose();
  }
}
