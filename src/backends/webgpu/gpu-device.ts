/**
 * A WebGPU device and what can go wrong with it. A lost device and an error that nobody caught become one DeviceError, which the work in
 * progress and all later work throws: nothing waits for a device that is gone. Buffers are counted, and those that do not fit are refused.
 */
import { DeviceError } from "../../errors.ts";
import type { WgslCapabilities } from "../../kernels/op.ts";
import { formatBytes } from "../../tensor/format-bytes.ts";
import type { FoundAdapter } from "./adapter.ts";

/** Limits that kernels and buffers can use more of than WebGPU's least. */
const raisedLimits = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
] as const;

export interface DeviceOptions {
  /** Behave as if no buffer could be larger, in bytes (tests). */
  readonly maxBufferBytes?: number;
}

export interface BufferRequest {
  /** For messages: `the weights of conv1`. */
  readonly what: string;
  readonly bytes: number;
  readonly usage: GPUBufferUsageFlags;
}

export async function openGpuDevice(found: FoundAdapter, options: DeviceOptions = {}): Promise<GpuDevice> {
  const { adapter } = found;
  const requiredLimits = Object.fromEntries(raisedLimits.map((name) => [name, adapter.limits[name]]));
  const requiredFeatures = (["subgroups"] as const).filter((name) => adapter.features.has(name));
  try {
    return new GpuDevice(await adapter.requestDevice({ requiredLimits, requiredFeatures }), found, options);
  } catch (cause) {
    throw new DeviceError(`device "webgpu": ${found.description} cannot be opened: ${(cause as Error).message}`, {
      cause,
    });
  }
}

export class GpuDevice {
  readonly device: GPUDevice;
  readonly description: string;
  readonly capabilities: WgslCapabilities;
  /** The largest buffer that can be made and bound, in bytes. */
  readonly maxBufferBytes: number;
  allocated = 0;
  liveBuffers = 0;
  liveBytes = 0;
  #failure: DeviceError | undefined;
  /** Those who wait for the device: told when it fails. */
  readonly #waiting = new Set<(error: DeviceError) => void>();

  constructor(device: GPUDevice, found: FoundAdapter, options: DeviceOptions) {
    this.device = device;
    this.description = found.description;
    const { limits } = device;
    const { subgroupMinSize, subgroupMaxSize } = found.adapter.info;
    this.capabilities = {
      maxWorkgroupStorageBytes: limits.maxComputeWorkgroupStorageSize,
      maxInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
      software: found.software,
      subgroupSize:
        device.features.has("subgroups") && subgroupMinSize === subgroupMaxSize ? subgroupMinSize : undefined,
    };
    this.maxBufferBytes = Math.min(
      limits.maxBufferSize,
      limits.maxStorageBufferBindingSize,
      options.maxBufferBytes ?? Number.POSITIVE_INFINITY,
    );
    device.lost.then(({ reason, message }) => {
      this.fail(`the device was lost (${reason || "unknown reason"}${message ? `: ${message}` : ""})`);
    });
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      this.fail(event.error.message);
    });
  }

  /** From now on everything throws; the first reason counts. */
  fail(reason: string): void {
    this.#failure ??= new DeviceError(`device "webgpu" (${this.description}): ${reason}`);
    for (const reject of this.#waiting) reject(this.#failure);
    this.#waiting.clear();
  }

  throwIfFailed(): void {
    if (this.#failure) throw this.#failure;
  }

  /** The promise, or the device's failure if that comes first. What WebGPU rejects with becomes a DeviceError about `what`. */
  async settled<T>(what: string, promise: Promise<T>): Promise<T> {
    this.throwIfFailed();
    let reject: (error: DeviceError) => void = () => {};
    const failure = new Promise<never>((_, onFailure) => {
      reject = onFailure;
      this.#waiting.add(reject);
    });
    try {
      return await Promise.race([promise, failure]);
    } catch (cause) {
      if (cause instanceof DeviceError) throw cause;
      this.throwIfFailed();
      throw new DeviceError(`device "webgpu" (${this.description}): ${what}: ${(cause as Error).message}`, { cause });
    } finally {
      this.#waiting.delete(reject);
    }
  }

  /** All buffers, or none and a DeviceError: one is larger than the device allows, or there is no memory for it. */
  async createBuffers(requests: readonly BufferRequest[]): Promise<GPUBuffer[]> {
    this.throwIfFailed();
    for (const { what, bytes } of requests)
      if (bytes > this.maxBufferBytes)
        throw new DeviceError(
          `device "webgpu" (${this.description}): ${what} needs a buffer of ${formatBytes(bytes)}; ` +
            `the device allows ${formatBytes(this.maxBufferBytes)}`,
        );
    this.device.pushErrorScope("validation");
    this.device.pushErrorScope("out-of-memory");
    const buffers = requests.map(({ what, bytes, usage }) =>
      this.device.createBuffer({ label: what, size: paddedBytes(bytes), usage }),
    );
    this.allocated += buffers.length;
    this.liveBuffers += buffers.length;
    this.liveBytes += sizeOfBuffers(buffers);
    const errors = Promise.all([this.device.popErrorScope(), this.device.popErrorScope()]);
    const total = formatBytes(sizeOfBuffers(buffers));
    try {
      const error = (await this.settled(`buffers of ${total}`, errors)).find((found) => found !== null);
      if (error)
        throw new DeviceError(`device "webgpu" (${this.description}): no memory for ${total}: ${error.message}`);
      return buffers;
    } catch (error) {
      this.destroyBuffers(buffers);
      throw error;
    }
  }

  destroyBuffers(buffers: readonly GPUBuffer[]): void {
    for (const buffer of buffers) buffer.destroy();
    this.liveBuffers -= buffers.length;
    this.liveBytes -= sizeOfBuffers(buffers);
  }

  dispose(): void {
    this.fail("the device was closed");
    this.device.destroy();
  }
}

/** Whole vec4f, so that arrays of them see every number. */
function paddedBytes(bytes: number): number {
  return Math.max(16, Math.ceil(bytes / 16) * 16);
}

function sizeOfBuffers(buffers: readonly GPUBuffer[]): number {
  return buffers.reduce((sum, buffer) => sum + buffer.size, 0);
}
