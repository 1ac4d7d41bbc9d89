/** onnxruntime-web on its WebGPU execution provider, all graph optimisations on; a node that it would run on the CPU is an error. */
import * as ort from "onnxruntime-web/webgpu";
import type { OpenRunner } from "../common/runner.ts";
import { openOnnxruntime } from "./onnxruntime.ts";

export const openOnnxruntimeWebGpu: OpenRunner = (workload) =>
  openOnnxruntime(ort, workload, {
    executionProviders: ["webgpu"],
    graphOptimizationLevel: "all",
    extra: { session: { disable_cpu_ep_fallback: "1" } },
  });
