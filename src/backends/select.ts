/** Opens the backend of a device's name. `auto` takes a GPU where there is one and WebAssembly otherwise, and says why. */
import { OptionError } from "../errors.ts";
import { describeValue } from "../tensor/check-options.ts";
import { nextTurn } from "../tensor/pacer.ts";
import type { Backend, DeviceName } from "./backend.ts";
import { type SimdChoice, simdChoices } from "./simd.ts";

export type { SimdChoice };

/** `auto`: a GPU where there is one, else WebAssembly. */
export type DeviceChoice = "auto" | DeviceName;

export const deviceChoices: readonly DeviceChoice[] = ["auto", "webgpu", "wasm", "reference"];

/** Throws OptionError unless `device` is absent or one of deviceChoices. */
export function checkDevice(device: unknown): void {
  if (device !== undefined && !deviceChoices.some((choice) => choice === device)) throw unknownDevice(device);
}

function unknownDevice(device: unknown): OptionError {
  return new OptionError(`device ${JSON.stringify(device)}: there is no such device; use ${deviceChoices.join(", ")}`);
}

/** Which device, and how it computes. */
export interface BackendOptions {
  /** `auto` unless told. */
  readonly device?: DeviceChoice;
  /** Threads of WebAssembly, and of the pool that decodes images; as many as there are processors unless told. No bit depends on it. */
  readonly threads?: number;
  /**
   * Bits of WebAssembly's vectors; `128` unless told. `256` has V8's experimental flags set while kernels are compiled (they are the
   * process's), and is twice as fast where it can be had (Node 24 on x64); `auto` takes it where it can. No bit depends on it.
   */
  readonly simd?: SimdChoice;
}

/** Throws OptionError for values that are none. */
export function checkBackendOptions(where: string, { device, threads, simd }: BackendOptions): void {
  checkDevice(device);
  if (threads !== undefined && !(Number.isSafeInteger(threads) && threads >= 1 && threads <= mostThreads))
    throw new OptionError(
      `${where}: threads is ${typeof threads === "number" ? threads : describeValue(threads)}; expected a whole number from 1 to ${mostThreads}`,
    );
  if (simd !== undefined && !simdChoices.includes(simd))
    throw new OptionError(
      `${where}: simd is ${typeof simd === "number" ? `the number ${simd}` : describeValue(simd)}; use ${simdChoices.map((one) => `"${one}"`).join(", ")}`,
    );
}

export const mostThreads = 256;

export interface OpenedBackend {
  readonly backend: Backend;
  /** Why this one, where `auto` chose. */
  readonly reason?: string;
}

/** Throws OptionError for an unknown name, DeviceError when the named device cannot be had: never another in its place. */
export async function openBackend(options: BackendOptions = {}): Promise<OpenedBackend> {
  const { device = "auto" } = options;
  checkBackendOptions("device", options);
  if (device === "webgpu" || device === "reference") refuseSimd(device, options);
  switch (device) {
    case "reference": {
      const { ReferenceBackend } = await import("./reference/reference-backend.ts");
      return { backend: new ReferenceBackend() };
    }
    case "wasm": {
      await import("../graph/compile.ts"); // in parts, with turns between them: all at once they take more than 10 ms
      await nextTurn();
      await import("./wasm/wasm-session.ts");
      await nextTurn();
      const { openWasmBackend } = await import("./wasm/wasm-backend.ts");
      await nextTurn();
      return { backend: await openWasmBackend(options) };
    }
    case "webgpu": {
      const { openWebGpuBackend } = await import("./webgpu/webgpu-backend.ts");
      return { backend: await openWebGpuBackend() };
    }
    case "auto":
      return openBest(options);
    default:
      throw unknownDevice(device satisfies never);
  }
}

function refuseSimd(device: DeviceName, { simd = "auto" }: BackendOptions): void {
  if (simd !== "auto")
    throw new OptionError(
      `simd ${simd}: vectors are WebAssembly's, and this runs on ${device}; use device wasm, or leave it out`,
    );
}

async function openBest(options: BackendOptions): Promise<OpenedBackend> {
  const { findAdapter } = await import("./webgpu/adapter.ts");
  const found = await findAdapter();
  if (found.adapter && !found.software) {
    refuseSimd("webgpu", options);
    const { openWebGpuBackend } = await import("./webgpu/webgpu-backend.ts");
    const backend = await openWebGpuBackend();
    return { backend, reason: `a GPU was found (${backend.info.description})` };
  }
  const { backend } = await openBackend({ ...options, device: "wasm" });
  const reason = found.adapter
    ? `the only WebGPU adapter (${found.description}) is software, slower than WebAssembly`
    : found.reason;
  return { backend, reason: reason ?? "no WebGPU adapter was found" };
}
