/** This library on an opened backend, as a model runs it: one session for the workload's batch. */
import type { Backend, PrepareOptions } from "../../src/backends/backend.ts";
import type { Runner, Workload } from "./runner.ts";

export async function oursOn(
  backend: Backend,
  { graph, inputs, batch }: Workload,
  options: Pick<PrepareOptions, "overrides" | "optimizeFor"> = {},
): Promise<Runner> {
  const session = await backend.prepare(graph, backend.createResident(), { maxBatch: batch, ...options });
  const [output] = graph.outputs;
  return {
    version: backend.info.description,
    layout: "nchw",
    run: async () => (await session.run(inputs)).get(output!.name)!.data,
    dispose: async () => backend.dispose(),
  };
}
