/** This library on WebGPU. */
import { openWebGpuBackend } from "../../src/backends/webgpu/webgpu-backend.ts";
import { oursOn } from "../common/ours-runner.ts";
import { foldedGraph, type OpenRunner } from "../common/runner.ts";

/** With the kernels that it chooses for the adapter at hand. */
export const openOurs: OpenRunner = async (workload) => oursOn(await openWebGpuBackend(), workload);

/** With every convolution by the 64x64 tile for graphics cards (which take the 32x32 one, wgsl-gemm-small, for small outputs). */
export const openOursGemm: OpenRunner = async (workload) => {
  const convs = foldedGraph(workload.graph).nodes.filter((node) => node.kind === "op" && node.op === "conv2d");
  const overrides = new Map(convs.map((node) => [node.name, "conv2d.wgsl-gemm"]));
  return oursOn(await openWebGpuBackend(), workload, { overrides });
};
