/**
 * WebGPU's entry in Node, Deno and Bun. A runtime's own `navigator.gpu` comes first (Deno); where there is none, the optional
 * peer dependency `webgpu` (Dawn as a Node module, 137 MB) is loaded, and only when somebody asks. Part of node.ts.
 */
import { messageOf } from "./byte-source.ts";
import type { GpuEntry, GpuOptions } from "./platform.ts";

/**
 * Dawn rounds timestamps to 65.536 µs unless told otherwise: useless for timing a kernel. And it zeroes workgroup memory before each
 * workgroup, which no kernel here needs: SwiftShader takes seconds to compile that, a GPU a barrier more.
 */
const plainFlags = ["enable-dawn-features=disable_workgroup_init", "disable-dawn-features=timestamp_quantization"];
/** What Dawn may leave out when our kernels are trusted (the names are those of Dawn's Toggles.cpp). */
const uncheckedFlags = [
  "enable-dawn-features=disable_robustness,skip_validation,disable_workgroup_init",
  "disable-dawn-features=timestamp_quantization,lazy_clear_resource_on_first_use",
];

/**
 * What create() gave, held for the life of the process: when it is collected while one of its devices is still used, Dawn
 * aborts the process (webgpu 0.6.2). An idle instance costs nothing and does not keep the process open.
 */
const instances = new Map<readonly string[], GPU>();

export async function gpu(options: GpuOptions = {}): Promise<GpuEntry> {
  const own = globalThis.navigator?.gpu;
  if (own) return { gpu: own };
  if ("Deno" in globalThis) return { reason: "Deno's WebGPU is switched off; start Deno with --unstable-webgpu" };
  if (isVulkanMissing()) return { reason: "there is no GPU driver: Vulkan's libvulkan.so.1 is not installed" };
  try {
    const { create, globals } = await import("webgpu");
    defineConstants(globals);
    const flags = options.unchecked ? uncheckedFlags : plainFlags;
    const gpu = instances.get(flags) ?? create(flags);
    instances.set(flags, gpu);
    return { gpu };
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
    return {
      reason: missing
        ? "the package webgpu (Dawn) is not installed; run npm install webgpu"
        : `the package webgpu (Dawn) cannot be loaded: ${messageOf(error)}`,
    };
  }
}

/**
 * On Linux, where Dawn knows no other way to a GPU: whether the linker finds no Vulkan. Dawn would find out by itself, but its C++ writes
 * two lines about it to standard error, past whatever we do. Node refuses the library too (it is no module of Node's), in other words.
 */
function isVulkanMissing(): boolean {
  if (process.platform !== "linux") return false;
  try {
    process.dlopen({ exports: {} }, "libvulkan.so.1");
    return false;
  } catch (error) {
    return /libvulkan\.so\.1: (cannot open shared object file|No such file)/.test(messageOf(error));
  }
}

/**
 * Kernels and the backend use WebGPU's constants and error classes as a browser has them, as globals. Only those that are missing
 * are added, and not enumerable, so that another user of `webgpu` in the same process loses nothing.
 */
function defineConstants(globals: object): void {
  for (const [name, value] of Object.entries(globals)) {
    if (!(name in globalThis)) {
      Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
    }
  }
}
