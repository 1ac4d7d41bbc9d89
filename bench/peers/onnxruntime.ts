/** onnxruntime, of whichever package its caller has imported: the workload as an ONNX file, a tensor made of each input in each run. */
import type { Onnxruntime, SessionOptions } from "onnxruntime-common";
import { foldedGraph, type Runner, type Workload } from "../common/runner.ts";
import { onnxModel, onnxOutput } from "./onnx-model.ts";

export async function openOnnxruntime(
  ort: Onnxruntime,
  { graph, inputs, batch }: Workload,
  options: SessionOptions,
): Promise<Runner> {
  const session = await ort.InferenceSession.create(await onnxModel(foldedGraph(graph), batch), options);
  const { node, web, common } = ort.env.versions;
  return {
    version: node ?? web ?? common,
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
}
