/** Packed weights in buffers of the device, one a packed constant: read one at a time, packed, uploaded, let go. */
import { DeviceError } from "../../errors.ts";
import type { PlannedWeight } from "../../graph/plan.ts";
import type { FloatArray } from "../../tensor/dtype.ts";
import type { Resident } from "../backend.ts";
import type { GpuDevice } from "./gpu-device.ts";

/** Uploads that may be on their way at a time: the queue keeps a copy of each until it is done. */
const uploadBytes = 64e6;

export class WebGpuResident implements Resident {
  disposed = false;
  readonly #gpu: GpuDevice;
  readonly #onDispose: (resident: WebGpuResident) => void;
  readonly #buffers = new Map<string, GPUBuffer>();
  /** Two sessions that are prepared at once pack one after another, so that nothing is packed twice. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(gpu: GpuDevice, onDispose: (resident: WebGpuResident) => void) {
    this.#gpu = gpu;
    this.#onDispose = onDispose;
  }

  get bytes(): number {
    return [...this.#buffers.values()].reduce((sum, buffer) => sum + buffer.size, 0);
  }

  /** Throws DeviceError once disposed. */
  bufferOf(key: string): GPUBuffer {
    this.#throwIfDisposed();
    const buffer = this.#buffers.get(key);
    if (!buffer) throw new Error(`webgpu: the weight ${key} is not resident`);
    return buffer;
  }

  /** Reads, packs and uploads what is not there yet. */
  pack(weights: readonly PlannedWeight[], signal?: AbortSignal): Promise<void> {
    const packed = this.#last.then(() => this.#pack(weights, signal));
    this.#last = packed.catch(() => {});
    return packed;
  }

  async #pack(weights: readonly PlannedWeight[], signal: AbortSignal | undefined): Promise<void> {
    let pending = 0;
    for (const weight of weights) {
      if (this.#buffers.has(weight.key)) continue;
      signal?.throwIfAborted();
      const packed = new Float32Array(weight.elements);
      const sources: FloatArray[] = [];
      for (const source of weight.sources) sources.push(await source.read());
      weight.write(sources, packed);
      await this.#upload(weight.key, packed);
      pending += packed.byteLength;
      if (pending < uploadBytes) continue;
      await this.#gpu.settled("uploading weights", this.#gpu.device.queue.onSubmittedWorkDone());
      pending = 0;
    }
  }

  async #upload(key: string, packed: Float32Array<ArrayBuffer>): Promise<void> {
    this.#throwIfDisposed();
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    const [buffer] = await this.#gpu.createBuffers([{ what: `the weight ${key}`, bytes: packed.byteLength, usage }]);
    if (this.disposed) this.#gpu.destroyBuffers([buffer!]);
    this.#throwIfDisposed();
    this.#buffers.set(key, buffer!);
    this.#gpu.device.queue.writeBuffer(buffer!, 0, packed);
  }

  #throwIfDisposed(): void {
    if (this.disposed) throw new DeviceError('device "webgpu": the weights were disposed');
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.#gpu.destroyBuffers([...this.#buffers.values()]);
    this.#buffers.clear();
    this.#onDispose(this);
  }
}
