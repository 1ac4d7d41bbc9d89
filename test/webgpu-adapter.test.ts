// Every other WebGPU test stands on this one: the environment has an adapter, and a compute shader that runs on it
// gives the right numbers. Without an adapter it fails and says how to get one; it never skips.

import { expect, test } from "vitest";
import { create, globals } from "webgpu";

const shader = /* wgsl */ `
  @group(0) @binding(0) var<storage, read_write> values: array<f32>;

  @compute @workgroup_size(64)
  fn main(@builtin(global_invocation_id) id: vec3u) {
    if (id.x < arrayLength(&values)) {
      values[id.x] = values[id.x] * values[id.x] + 1.0;
    }
  }
`;

test("an adapter is there, and a compute shader runs on it", async () => {
  Object.assign(globalThis, globals); // GPUBufferUsage and GPUMapMode
  const gpu = create([]);
  const adapter = await gpu.requestAdapter();
  if (!adapter) {
    throw new Error(
      `WebGPU has no adapter: start the tests with "npm test", which brings SwiftShader's Vulkan driver ` +
        `(VK_ICD_FILENAMES is ${process.env.VK_ICD_FILENAMES ?? "not set"})`,
    );
  }
  const device = await adapter.requestDevice();

  const input = Float32Array.from({ length: 100 }, (_, i) => i - 50);
  const values = device.createBuffer({
    size: input.byteLength,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
  });
  device.queue.writeBuffer(values, 0, input);
  const readback = device.createBuffer({
    size: input.byteLength,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });

  const module = device.createShaderModule({ code: shader });
  const pipeline = await device.createComputePipelineAsync({ layout: "auto", compute: { module } });
  const bindings = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [{ binding: 0, resource: { buffer: values } }],
  });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindings);
  pass.dispatchWorkgroups(Math.ceil(input.length / 64));
  pass.end();
  encoder.copyBufferToBuffer(values, readback);
  device.queue.submit([encoder.finish()]);

  await readback.mapAsync(GPUMapMode.READ);
  const output = new Float32Array(readback.getMappedRange().slice(0));
  device.destroy();
  expect(output).toEqual(input.map((x) => x * x + 1)); // small whole numbers: exact
});
