/** This library on WebGPU, as a model runs it: one session for the workload's batch. */
import { openWebGpuBackend } from "../../src/backends/webgpu/webgpu-backend.ts";
import { foldedGraph, type OpenRunner } from "../common/runner.ts";

/** With the kernels that it chooses for the adapter at hand. */
export const openOurs: OpenRunner = (workload) => open(workload);

/** With every convolution by the 64x64 tile for graphics cards (which take the 32x32 one, wgsl-gemm-small, for small outputs). */
export const openOursGemm: OpenRunner = (workload) => {
  const convs = foldedGraph(workload.graph).nodes.filter((node) => node.kind === "op" && node.op === "conv2d");
  return open(workload, new Map(convs.map((node) => [node.name, "conv2d.wgsl-gemm"])));
};

async function open(
  { graph, inputs, batch }: Parameters<OpenRunner>[0],
  overrides?: ReadonlyMap<string, string>,
): ReturnType<OpenRunner> {
  const backend = await openWebGpuBackend();
  const session = await backend.prepare(graph, backend.createResident(), { maxBatch: batch, overrides });
  const [output] = graph.outputs;
  return {
    version: backend.info.description,
    layout: "nchw",
    run: async () => (await session.run(inputs)).get(output!.name)!.data,
    dispose: async () => backend.dispose(),
  };
}
