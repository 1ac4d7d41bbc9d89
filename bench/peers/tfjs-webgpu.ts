/** TensorFlow.js on its WebGPU backend. */
import "@tensorflow/tfjs-backend-webgpu";
import type { OpenRunner } from "../common/runner.ts";
import { openTfjs } from "./tfjs.ts";

export const openTfjsWebGpu: OpenRunner = (workload) => openTfjs("webgpu", workload);
