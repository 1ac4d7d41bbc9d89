/** onnxruntime-web on its WebGPU execution provider, all graph optimisations on; a node that it would run on the CPU is an error. */
import * as ort from "onnxruntime-web/webgpu";
import { foldedGraph, type OpenRunner } from "../common/runner.ts";
import { onnxModel, onnxOutput } from "./onnx-model.ts";

export const openOnnxruntime: OpenRunner = async ({ graph, inputs, batch }) => {
  const session = await ort.InferenceSession.create(await onnxModel(foldedGraph(graph), batch), {
    executionProviders: ["webgpu"],
    graphOptimizationLevel: "all",
    extra: { session: { disable_cpu_ep_fallback: "1" } },
  });
  return {
    version: ort.env.versions.web ?? ort.env.versions.common,
    layout: "nchw",
    run: async () => {
      const feeds = [...inputs].map(([name, { shape, data }]) => [name, new ort.Tensor("float32", data, shape)]);
      const results = await session.run(Object.fromEntries(feeds));
      const output = results[onnxOutput]!;
      const { data } = output;
      output.dispose();
      return data;
    },
    dispose: () => session.release(),
  };
};
