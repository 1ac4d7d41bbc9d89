/** How the service opens networks: one of each depth, with the weights that its operator named, made ready for whole batches. */
import { createNetwork, modelOfDepth } from "../model/architectures.ts";
import { defaultLayer, Model } from "../model/model.ts";
import { type OpenOptions, openNetwork } from "../model/open-model.ts";
import { openState } from "../model/open-state.ts";
import { prepareWeights } from "../model/prepare-weights.ts";
import { isWeightsEnum, pretrainedByEnum } from "../model/pretrained.ts";
import { loadStateDict } from "../nn/load-state-dict.ts";
import { namedParameters } from "../nn/module.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { ModelLoader } from "./model-cache.ts";

/** Weights by depth, as an operator names them: torchvision's names, files and addresses. */
export type NamedWeights = ReadonlyMap<number, string | URL>;

export interface LoaderOptions {
  /** Weights by depth; the others' are what openModel takes where none are named. */
  readonly weights: ReadonlyMap<number, OpenOptions["weights"]>;
  /** Images of a batch. */
  readonly batch: number;
  readonly open: Pick<
    OpenOptions,
    "device" | "threads" | "simd" | "optimizeFor" | "offline" | "mirror" | "onProgress" | "onWarning"
  >;
}

/** As measured on WebAssembly: Winograd's transformed weights are larger than the file's, and a batch has its activations. */
const bytesPerParameter = 6;
const bytesOfActivations = 40 * 2 ** 20;

export function modelLoader({ weights, batch, open }: LoaderOptions): ModelLoader {
  return {
    async load(depth, signal) {
      const options = { ...open, model: modelOfDepth(depth), weights: weights.get(depth), signal };
      const { engine, runner, info, device, labels } = await openNetwork(options);
      const model = new Model(runner, info, device, labels);
      try {
        await model.prepare(batch, [defaultLayer], signal);
      } catch (error) {
        model.dispose();
        throw error;
      }
      return { model, bytes: () => engine.counters().liveBytes };
    },
    estimate(depth) {
      const parameters = [...namedParameters(createNetwork(modelOfDepth(depth), 0)).values()];
      return bytesOfActivations + bytesPerParameter * parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    },
  };
}

/**
 * Looks at weights before anybody asks for them: names must be torchvision's, and files fit their depth. No tensor is read, and nothing is
 * fetched. Throws OptionError and WeightError as openModel does.
 */
export async function checkNamedWeights(weights: NamedWeights, signal?: AbortSignal): Promise<void> {
  for (const [depth, source] of weights) {
    const name = modelOfDepth(depth);
    if (source instanceof URL && source.protocol !== "file:") continue;
    if (typeof source === "string" && isWeightsEnum(source)) pretrainedByEnum(name, source);
    else {
      const { state } = await openState(name, source, { signal, onNotice: () => undefined });
      try {
        const fitted = await prepareWeights(state, { model: name });
        loadStateDict(fitted.network, fitted.state, name);
      } finally {
        await state.close();
      }
    }
  }
}
