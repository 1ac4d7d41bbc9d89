/** Buffers of a device: counted, refused when they are too large or there is no memory; shaders that do not compile. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { DeviceError } from "../../errors.ts";
import { findAdapter } from "./adapter.ts";
import { type GpuDevice, openGpuDevice } from "./gpu-device.ts";
import { PipelineCache } from "./pipeline-cache.ts";

let gpu: GpuDevice;
beforeEach(async () => {
  const found = await findAdapter();
  if (!found.adapter) throw new Error(found.reason);
  gpu = await openGpuDevice(found, { maxBufferBytes: 1e6 });
});
afterEach(() => gpu.dispose());

const request = (bytes: number) => ({ what: "a test's buffer", bytes, usage: GPUBufferUsage.STORAGE });

describe("buffers", () => {
  test("are counted while they live", async () => {
    const buffers = await gpu.createBuffers([request(4), request(100)]);
    expect(buffers.map((buffer) => buffer.size)).toEqual([16, 112]);
    expect(gpu).toMatchObject({ allocated: 2, liveBuffers: 2, liveBytes: 128 });
    gpu.destroyBuffers(buffers);
    expect(gpu).toMatchObject({ allocated: 2, liveBuffers: 0, liveBytes: 0 });
  });

  test("larger than the device's are refused before any is made", async () => {
    const made = gpu.createBuffers([request(4), request(1e6 + 4)]);
    await expect(made).rejects.toThrow(DeviceError);
    await expect(made).rejects.toThrow(
      "a test's buffer needs a buffer of 1000004 bytes; the device allows 1000000 bytes",
    );
    expect(gpu.allocated).toBe(0);
  });

  test("for which there is no memory are a DeviceError, and none stays", async () => {
    vi.spyOn(gpu.device, "popErrorScope").mockResolvedValueOnce(new GPUOutOfMemoryError("all gone"));
    const made = gpu.createBuffers([request(400), request(4)]);
    await expect(made).rejects.toThrow(DeviceError);
    await expect(made).rejects.toThrow(/no memory for 416 bytes: all gone/);
    expect(gpu).toMatchObject({ liveBuffers: 0, liveBytes: 0 });
  });
});

describe("shaders", () => {
  const stage = (code: string) => {
    return { name: "faulty", code, arguments: [], workgroups: () => [1, 1, 1] as const };
  };

  test("that do not compile are a DeviceError with the line", async () => {
    const cache = new PipelineCache(gpu);
    const compiled = cache.pipelines([stage("@compute @workgroup_size(1)\nfn main() {\n  let a: f32 = nothing;\n}")]);
    await expect(compiled).rejects.toThrow(DeviceError);
    await expect(compiled).rejects.toThrow(
      /the shader of faulty does not compile: .*nothing.*\(line 3: let a: f32 = nothing;\)/,
    );
    expect(() => gpu.throwIfFailed()).not.toThrow(); // the device goes on
  });

  test("of one text are compiled once", async () => {
    const cache = new PipelineCache(gpu);
    const code = "@compute @workgroup_size(1) fn main() {}";
    const [a, b] = await cache.pipelines([stage(code), stage(code)]);
    expect(a).toBe(b);
    expect(cache.compiled).toBe(1);
  });
});
