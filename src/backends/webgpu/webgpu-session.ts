/**
 * A plan on WebGPU: its buffers on the device, its stages as pipelines with their bind groups, all made when it is prepared. A run of a
 * batch is one submission: uploads, one compute pass, copies into a staging buffer, which is read once. A batch that does not fit the
 * device's buffers goes in several parts of equal treatment: results do not depend on the batch, so they do not depend on the parts.
 */
import { DeviceError } from "../../errors.ts";
import type { Plan, PlanPort, PlanSource, Repeat, Step } from "../../graph/plan.ts";
import type { StageArgument, WgslStage } from "../../kernels/op.ts";
import type { HostTensor } from "../../tensor/host-tensor.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { untilAborted } from "../../tensor/until-aborted.ts";
import type { RunOptions, Session } from "../backend.ts";
import { batchOf, timesUnsupported } from "../session-inputs.ts";
import { bufferBytes, stagedBytes } from "./batch-capacity.ts";
import type { BufferRequest, GpuDevice } from "./gpu-device.ts";
import type { PipelineCache } from "./pipeline-cache.ts";
import { PoliteWait } from "./polite-wait.ts";
import type { WebGpuResident } from "./webgpu-resident.ts";

export interface SessionParts {
  readonly plan: Plan<WgslStage>;
  /** The passes and the plan as text. */
  readonly describe: () => string;
  /** One a stage, in the plan's order. */
  readonly pipelines: readonly GPUComputePipeline[];
  readonly cache: PipelineCache;
  readonly gpu: GpuDevice;
  readonly resident: WebGpuResident;
  readonly maxBatch: number;
  /** Images that go in one submission. */
  readonly capacity: number;
}

interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  readonly bindings: GPUBindGroup;
  readonly workgroups: WgslStage["workgroups"];
  readonly repeat: Repeat;
}

/** An output with its place in the staging buffer. */
interface StagedOutput {
  readonly port: PlanPort;
  readonly offset: number;
}

interface Memory {
  readonly buffers: ReadonlyMap<number, GPUBuffer>;
  /** A uniform for each number of repeats that the steps have. */
  readonly repeats: ReadonlyMap<Repeat, GPUBuffer>;
  readonly staging: GPUBuffer;
  readonly outputs: readonly StagedOutput[];
}

/** Allocates the buffers: throws DeviceError when there is no memory or the weights were disposed meanwhile; nothing stays allocated then. */
export async function openWebGpuSession(parts: SessionParts): Promise<WebGpuSession> {
  const memory = await allocate(parts);
  try {
    return new WebGpuSession(parts, memory);
  } catch (error) {
    release(parts, memory);
    throw error;
  }
}

async function allocate({ plan, gpu, capacity }: SessionParts): Promise<Memory> {
  let stagingBytes = 0;
  const outputs = plan.outputs.map((port): StagedOutput => {
    const offset = stagingBytes;
    stagingBytes += stagedBytes(port, capacity);
    return { port, offset };
  });
  const repeats = [...new Set<Repeat>(plan.steps.map((step) => step.repeat))];
  const storage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
  const requests: BufferRequest[] = [
    ...plan.buffers.map((buffer) => {
      return { what: `activations #${buffer.id}`, bytes: bufferBytes(buffer, capacity), usage: storage };
    }),
    ...repeats.map((repeat) => {
      return { what: `repeats ${repeat}`, bytes: 4, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST };
    }),
    { what: "outputs", bytes: stagingBytes, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST },
  ];
  const made = await gpu.createBuffers(requests);
  const uniforms = made.slice(plan.buffers.length);
  for (const [i, repeat] of repeats.entries())
    if (repeat !== "batch") gpu.device.queue.writeBuffer(uniforms[i]!, 0, new Uint32Array([repeat]));
  return {
    buffers: new Map(plan.buffers.map(({ id }, i) => [id, made[i]!])),
    repeats: new Map(repeats.map((repeat, i) => [repeat, uniforms[i]!])),
    staging: made.at(-1)!,
    outputs,
  };
}

function release({ gpu }: SessionParts, { buffers, repeats, staging }: Memory): void {
  gpu.destroyBuffers([...buffers.values(), ...repeats.values(), staging]);
}

export class WebGpuSession implements Session {
  readonly bytes: number;
  readonly #parts: SessionParts;
  readonly #memory: Memory;
  readonly #dispatches: readonly Dispatch[];
  readonly #politeWait = new PoliteWait();
  /** What the uniform of "batch" holds. */
  #batch = 0;
  #last: Promise<unknown> = Promise.resolve();
  #disposed = false;

  constructor(parts: SessionParts, memory: Memory) {
    this.#parts = parts;
    this.#memory = memory;
    this.bytes = [...memory.buffers.values()].reduce((sum, buffer) => sum + buffer.size, 0);
    const stages = parts.plan.steps.flatMap((step) => step.stages.map((stage) => ({ step, stage })));
    this.#dispatches = stages.map(({ step, stage }, i): Dispatch => {
      const entries = stage.arguments.map((argument, binding) => ({
        binding,
        resource: { buffer: this.#argument(step, argument) },
      }));
      const bindings = parts.gpu.device.createBindGroup({
        label: step.node,
        layout: parts.cache.layout(stage),
        entries,
      });
      return { pipeline: parts.pipelines[i]!, bindings, workgroups: stage.workgroups, repeat: step.repeat };
    });
  }

  get plan(): string {
    return this.#parts.describe();
  }

  /** Rejects at once when the signal is aborted; what the device has begun then ends before the next run. */
  async run(
    inputs: ReadonlyMap<string, HostTensor>,
    { signal, onTimes }: RunOptions = {},
  ): Promise<Map<string, HostTensor>> {
    if (onTimes) throw timesUnsupported("webgpu");
    const batch = batchOf(this.#parts.plan.inputs, inputs, this.#parts.maxBatch);
    signal?.throwIfAborted();
    const result = this.#last.then(() => this.#run(inputs, batch ?? 1, signal));
    this.#last = result.catch(() => {});
    return untilAborted(result, signal);
  }

  async #run(
    inputs: ReadonlyMap<string, HostTensor>,
    batch: number,
    signal: AbortSignal | undefined,
  ): Promise<Map<string, HostTensor>> {
    const results = new Map<string, HostTensor>();
    for (const { name, shape, batched } of this.#parts.plan.outputs) {
      const full = batched ? [batch, ...shape.slice(1)] : shape;
      results.set(name, { shape: full, dtype: "float32", data: new Float32Array(sizeOf(full)) });
    }
    const { capacity } = this.#parts;
    for (let first = 0; first < batch; first += capacity) {
      const count = Math.min(capacity, batch - first);
      signal?.throwIfAborted();
      this.#throwIfUnusable();
      this.#submit(inputs, first, count);
      await this.#readBack(results, first, count);
    }
    return results;
  }

  /** Uploads images `first` to `first + count − 1`, and everything that the device has to do with them. */
  #submit(inputs: ReadonlyMap<string, HostTensor>, first: number, count: number): void {
    const { plan, gpu } = this.#parts;
    const { queue } = gpu.device;
    for (const { name, shape, batched, source } of plan.inputs) {
      const { data } = inputs.get(name)!;
      const size = sizeOf(shape);
      const part = batched ? data.subarray(first * size, (first + count) * size) : data;
      queue.writeBuffer(this.#buffer(source), 0, part as Float32Array<ArrayBuffer>);
    }
    const batchUniform = this.#memory.repeats.get("batch");
    if (batchUniform && this.#batch !== count) queue.writeBuffer(batchUniform, 0, new Uint32Array([count]));
    this.#batch = count;

    const encoder = gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const { pipeline, bindings, workgroups, repeat } of this.#dispatches) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindings);
      pass.dispatchWorkgroups(...workgroups(repeat === "batch" ? count : repeat));
    }
    pass.end();
    for (const { port, offset } of this.#memory.outputs)
      encoder.copyBufferToBuffer(this.#buffer(port.source), 0, this.#memory.staging, offset, outputBytes(port, count));
    queue.submit([encoder.finish()]);
  }

  async #readBack(results: ReadonlyMap<string, HostTensor>, first: number, count: number): Promise<void> {
    const { staging, outputs } = this.#memory;
    const { gpu } = this.#parts;
    const read = async () => {
      this.#throwIfUnusable(); // to map a buffer that was destroyed meanwhile would be an error of the device
      return gpu.settled("reading the outputs", staging.mapAsync(GPUMapMode.READ));
    };
    try {
      await (gpu.capabilities.software ? this.#politeWait.during(count, read) : read());
    } catch (error) {
      if (this.#disposed) throw disposedError();
      throw error;
    }
    for (const { port, offset } of outputs) {
      const numbers = new Float32Array(staging.getMappedRange(offset, outputBytes(port, count)));
      results.get(port.name)!.data.set(numbers, port.batched ? first * sizeOf(port.shape) : 0);
    }
    staging.unmap();
  }

  /** The buffer of a stage's argument. */
  #argument(step: Step<WgslStage>, argument: StageArgument): GPUBuffer {
    switch (argument.from) {
      case "input":
        return this.#buffer(step.inputs[argument.index]!);
      case "output":
        return this.#memory.buffers.get(step.output)!;
      case "constant":
        return this.#parts.resident.bufferOf(step.weights[argument.index]!);
      case "scratch":
        return this.#memory.buffers.get(step.scratch[argument.index]!)!;
      case "repeat":
        return this.#memory.repeats.get(step.repeat)!;
      default:
        throw new Error(`unknown argument ${JSON.stringify(argument satisfies never)}`);
    }
  }

  #buffer(source: PlanSource): GPUBuffer {
    return source.from === "buffer" ? this.#memory.buffers.get(source.id)! : this.#parts.resident.bufferOf(source.key);
  }

  #throwIfUnusable(): void {
    this.#parts.gpu.throwIfFailed();
    if (this.#disposed || this.#parts.resident.disposed) throw disposedError();
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    release(this.#parts, this.#memory);
  }
}

/** What a run of `count` images gives of an output. */
function outputBytes(port: PlanPort, count: number): number {
  return 4 * sizeOf(port.shape) * (port.batched ? count : 1);
}

function disposedError(): DeviceError {
  return new DeviceError('device "webgpu": the session was disposed');
}
