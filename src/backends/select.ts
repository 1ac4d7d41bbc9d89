/** Opens the backend of a device's name. `auto` takes a GPU where there is one and WebAssembly otherwise, and says why. */
import { OptionError } from "../errors.ts";
import type { Backend, DeviceName } from "./backend.ts";

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

export interface OpenedBackend {
  readonly backend: Backend;
  /** Why this one, where `auto` chose. */
  readonly reason?: string;
}

/** Throws OptionError for an unknown name, DeviceError when the named device cannot be had: never another in its place. */
export async function openBackend(options: { device?: DeviceChoice } = {}): Promise<OpenedBackend> {
  const { device = "auto" } = options;
  switch (device) {
    case "reference": {
      const { ReferenceBackend } = await import("./reference/reference-backend.ts");
      return { backend: new ReferenceBackend() };
    }
    case "wasm": {
      const { openWasmBackend } = await import("./wasm/wasm-backend.ts");
      return { backend: await openWasmBackend() };
    }
    case "webgpu": {
      const { openWebGpuBackend } = await import("./webgpu/webgpu-backend.ts");
      return { backend: await openWebGpuBackend() };
    }
    case "auto":
      return openBest();
    default:
      throw unknownDevice(device satisfies never);
  }
}

async function openBest(): Promise<OpenedBackend> {
  const { findAdapter } = await import("./webgpu/adapter.ts");
  const found = await findAdapter();
  if (found.adapter && !found.software) {
    const { openWebGpuBackend } = await import("./webgpu/webgpu-backend.ts");
    const backend = await openWebGpuBackend();
    return { backend, reason: `a GPU was found (${backend.info.description})` };
  }
  const { backend } = await openBackend({ device: "wasm" });
  const reason = found.adapter
    ? `the only WebGPU adapter (${found.description}) is software, slower than WebAssembly`
    : found.reason;
  return { backend, reason: reason ?? "no WebGPU adapter was found" };
}
