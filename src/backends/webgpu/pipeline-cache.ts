/**
 * Compute pipelines by the text of their shader: each text is compiled once for a device, all that a session needs at the same time.
 * Layouts are written down from the stages' arguments, so that a binding that a shader does not use changes nothing.
 */
import { DeviceError } from "../../errors.ts";
import type { StageArgument, WgslStage } from "../../kernels/op.ts";
import type { GpuDevice } from "./gpu-device.ts";

export class PipelineCache {
  compiled = 0;
  readonly #gpu: GpuDevice;
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();

  constructor(gpu: GpuDevice) {
    this.#gpu = gpu;
  }

  /** The pipelines of the stages, in their order. Throws DeviceError with the line of a shader that does not compile. */
  async pipelines(stages: readonly WgslStage[]): Promise<GPUComputePipeline[]> {
    return Promise.all(stages.map((stage) => this.#pipeline(stage)));
  }

  layout(stage: WgslStage): GPUBindGroupLayout {
    const types = stage.arguments.map(bindingType);
    const key = types.join(" ");
    let layout = this.#layouts.get(key);
    if (!layout) {
      const entries = types.map((type, binding) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer: { type } }));
      layout = this.#gpu.device.createBindGroupLayout({ label: key, entries });
      this.#layouts.set(key, layout);
    }
    return layout;
  }

  #pipeline(stage: WgslStage): Promise<GPUComputePipeline> {
    // Shaders of one text have one list of bindings: the text declares them.
    const known = this.#pipelines.get(stage.code);
    if (known) return known;
    this.compiled++;
    const pipeline = this.#compile(stage);
    this.#pipelines.set(stage.code, pipeline);
    pipeline.catch(() => this.#pipelines.delete(stage.code));
    return pipeline;
  }

  async #compile(stage: WgslStage): Promise<GPUComputePipeline> {
    const { device } = this.#gpu;
    this.#gpu.throwIfFailed();
    device.pushErrorScope("validation");
    const module = device.createShaderModule({ label: stage.name, code: stage.code });
    const layout = device.createPipelineLayout({ bindGroupLayouts: [this.layout(stage)] });
    const moduleError = device.popErrorScope();
    const pipeline = device.createComputePipelineAsync({
      label: stage.name,
      layout,
      compute: { module, entryPoint: "main" },
    });
    pipeline.catch(() => {}); // the module's own error says more
    if (await this.#gpu.settled(`the shader of ${stage.name}`, moduleError)) {
      const info = await this.#gpu.settled(`the shader of ${stage.name}`, module.getCompilationInfo());
      throw new DeviceError(
        `device "webgpu": the shader of ${stage.name} does not compile: ${describe(info, stage.code)}`,
      );
    }
    return this.#gpu.settled(`the pipeline of ${stage.name}`, pipeline);
  }
}

function bindingType({ from }: StageArgument): GPUBufferBindingType {
  switch (from) {
    case "input":
    case "constant":
      return "read-only-storage";
    case "output":
    case "scratch":
      return "storage";
    case "repeat":
      return "uniform";
    default:
      throw new Error(`unknown argument ${from satisfies never}`);
  }
}

function describe(info: GPUCompilationInfo, code: string): string {
  const lines = code.split("\n");
  return info.messages
    .filter(({ type }) => type === "error")
    .map(({ message, lineNum }) => `${message.trim()} (line ${lineNum}: ${lines[lineNum - 1]?.trim() ?? ""})`)
    .join("; ");
}
