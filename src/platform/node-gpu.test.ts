/** Needs an adapter: `npm test` brings one (SwiftShader); without it these tests fail and say so. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { gpu } from "./node.ts";

test("the entry has an adapter, and WebGPU's constants are globals that no loop sees", async () => {
  for (const options of [{}, { unchecked: true }]) {
    const entry = await gpu(options);
    expect(entry.reason).toBeUndefined();
    expect(await entry.gpu!.requestAdapter(), "no adapter: start the tests by npm test").not.toBeNull();
    expect((await gpu(options)).gpu).toBe(entry.gpu);
  }
  expect(GPUBufferUsage.STORAGE).toBe(0x80);
  expect(GPUMapMode.READ).toBe(1);
  expect(typeof GPUValidationError).toBe("function");
  expect(Object.keys(globalThis).filter((key) => key.startsWith("GPU"))).toEqual([]);
});

test("a device outlives everything that its user let go of, and an open one does not hold the process", async () => {
  // In a process of its own: where the instance was collected, Dawn aborts.
  const script = `
    import { gpu } from ${JSON.stringify(new URL("./node.ts", import.meta.url).href)};
    const device = await (await (await gpu()).gpu.requestAdapter()).requestDevice();
    for (let i = 0; i < 3; i++) { globalThis.gc(); await new Promise((next) => setTimeout(next, 20)); }
    const buffer = device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    device.queue.writeBuffer(buffer, 0, new Uint32Array([1, 2, 3, 4]));
    await buffer.mapAsync(GPUMapMode.READ);
    console.log(new Uint32Array(buffer.getMappedRange()).join());`;
  const flags = ["--expose-gc", "--conditions=source", "--no-warnings", "--input-type=module", "-e", script];
  const cwd = fileURLToPath(new URL("../..", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, flags, { cwd, timeout: 30_000 });
  expect(stdout).toBe("1,2,3,4\n");
});

test("where the linker finds no Vulkan, that is the reason, and Dawn is not asked: it would write to standard error", async () => {
  const script = `
    import { gpu } from ${JSON.stringify(new URL("./node.ts", import.meta.url).href)};
    const entry = await gpu();
    console.log(entry.reason ?? "entry");
    await entry.gpu?.requestAdapter();`;
  const flags = ["--conditions=source", "--no-warnings", "--input-type=module", "-e", script];
  const cwd = fileURLToPath(new URL("../..", import.meta.url));
  const env = { ...process.env, LD_LIBRARY_PATH: "", NODE_OPTIONS: "" };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, flags, { cwd, env, timeout: 30_000 });
  expect(stderr).not.toContain("libvulkan");
  // "entry" where the system has a Vulkan of its own.
  expect(["there is no GPU driver: Vulkan's libvulkan.so.1 is not installed\n", "entry\n"]).toContain(stdout);
});
