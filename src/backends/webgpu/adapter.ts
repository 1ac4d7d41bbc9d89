/**
 * The WebGPU adapter at hand: what it is called, whether it is a program on the CPU, or in one line why there is none. Opens no device,
 * so that `auto` can look before it chooses.
 */
import { gpu } from "#platform";

export interface FoundAdapter {
  readonly adapter: GPUAdapter;
  /** For people: `nvidia hopper (NVIDIA H100)`, `google swiftshader (SwiftShader driver 5.0.0)`. */
  readonly description: string;
  /** It runs on the CPU: right, but slower than WebAssembly. */
  readonly software: boolean;
  readonly reason?: undefined;
}

export interface NoAdapter {
  readonly adapter?: undefined;
  readonly description?: undefined;
  readonly software?: undefined;
  /** One line, with what would help. */
  readonly reason: string;
}

export interface AdapterOptions {
  /** Without Dawn's bounds checks and validation (see platform.ts). */
  readonly unchecked?: boolean;
}

export async function findAdapter(options: AdapterOptions = {}): Promise<FoundAdapter | NoAdapter> {
  const entry = await gpu(options);
  if (!entry.gpu) return { reason: entry.reason };
  try {
    const adapter = await entry.gpu.requestAdapter({ powerPreference: "high-performance" });
    if (!adapter)
      return { reason: "WebGPU is here but has no adapter: no GPU, or no Vulkan, Metal or Direct3D 12 driver" };
    return { adapter, description: describeAdapter(adapter.info), software: isSoftware(adapter.info) };
  } catch (error) {
    return { reason: `WebGPU gives no adapter: ${(error as Error).message}` };
  }
}

/** Browsers leave `device` and `description` empty. */
export function describeAdapter(info: GPUAdapterInfo): string {
  const name = [info.vendor, info.architecture].filter((part) => part !== "").join(" ");
  const detail = info.description || info.device;
  if (name === "") return detail || "an adapter without a name";
  return detail ? `${name} (${detail})` : name;
}

const softwareNames = /swiftshader|llvmpipe|lavapipe|software|basic render/i;

export function isSoftware(info: GPUAdapterInfo): boolean {
  return info.isFallbackAdapter || softwareNames.test([info.architecture, info.device, info.description].join(" "));
}
