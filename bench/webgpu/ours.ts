/** This library on WebGPU, as a model runs it: one session for the workload's batch. */
import { openWebGpuBackend } from "../../src/backends/webgpu/webgpu-backend.ts";
import type { OpenRunner } from "./runner.ts";

export const openOurs: OpenRunner = async ({ graph, inputs, batch }) => {
  const backend = await openWebGpuBackend();
  const session = await backend.prepare(graph, backend.createResident(), { maxBatch: batch });
  const [output] = graph.outputs;
  return {
    version: backend.info.description,
    layout: "nchw",
    run: async () => (await session.run(inputs)).get(output!.name)!.data,
    dispose: async () => backend.dispose(),
  };
};
