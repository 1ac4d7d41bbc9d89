/**
 * Any readable weights as a safetensors file with torchvision's names, one tensor in memory at a time. What a tensor becomes is decided here and
 * computed when it is its turn; safetensors-write.ts puts it into the file.
 */
import { UnsupportedError, WeightError } from "../errors.ts";
import { foldConstants } from "../graph/passes/fold-batch-norm.ts";
import { presetMetadata } from "../image/preset.ts";
import type { Constant, StateDict } from "../tensor/host-tensor.ts";
import { encodeNumbers } from "../weights/safetensors-encode.ts";
import type { TensorToStream } from "../weights/safetensors-write.ts";
import { isSafetensorsDtype, type SafetensorsDtype, type StoredDtype } from "../weights/stored-dtypes.ts";
import type { StoredTensor } from "../weights/weight-file.ts";
import { quoted } from "../weights/weight-source.ts";
import type { ModelName } from "./architectures.ts";
import { isTrainingKey } from "./names/find-network.ts";
import { type PreparedWeights, prepareWeights } from "./prepare-weights.ts";

/** What floats become: as they are unless told. */
export const floatDtypes = { f32: "F32", f16: "F16", bf16: "BF16" } as const;
export type FloatDtype = keyof typeof floatDtypes;

export interface ConvertOptions {
  readonly dtype?: FloatDtype;
  /** Folds each batch norm into the convolution before it, in float64, rounded once. */
  readonly foldBatchNorm?: boolean;
  /** Every tensor under the name that it has, whatever the file is of. */
  readonly keepNames?: boolean;
  /** Which network of a checkpoint, by what stands before its names: `ema.module.`. */
  readonly prefix?: string;
}

export interface Conversion {
  readonly tensors: readonly TensorToStream[];
  readonly metadata: ReadonlyMap<string, string>;
  /** Absent where names are kept. */
  readonly model?: ModelName;
  /** Whose names the file had. */
  readonly owner?: string;
  readonly prefix?: string;
  readonly passedOver: readonly string[];
  readonly notes: readonly string[];
}

/** Plans a conversion; nothing is read yet, and `state` must stay open until all is written. Throws WeightError, UnsupportedError. */
export async function planConversion(state: StateDict, options: ConvertOptions = {}): Promise<Conversion> {
  const target = options.dtype && floatDtypes[options.dtype];
  if (options.keepNames)
    return {
      tensors: [...state.tensors].map(([name, tensor]) => toStream(name, tensor, target)),
      ...{ metadata: state.metadata, passedOver: [], notes: [] },
    };
  const weights = await prepareWeights(state, options);
  const { model, owner, prefix, passedOver, folded } = weights;
  const notes = [...weights.notes, ...weights.presetNotes];
  const { tensors } = weights.state;
  if (options.foldBatchNorm && folded)
    throw new WeightError(
      "weights-mismatch",
      `${state.source}: its batch norms are folded already; leave out --fold-bn`,
    );
  return {
    tensors: options.foldBatchNorm
      ? foldedTensors(tensors, target)
      : [...tensors].map(([name, tensor]) => toStream(name, tensor, target)),
    metadata: metadataOf(state, weights),
    ...{ model, owner, prefix, passedOver, notes },
  };
}

/** What the file says, without what belongs to training, and what was found out about it: so that it says all that it needs by itself. */
function metadataOf({ metadata, source }: StateDict, { model, preset, labels }: PreparedWeights): Map<string, string> {
  const kept = new Map([...metadata].filter(([key]) => !isTrainingKey(key)));
  if (labels) kept.set("classes", JSON.stringify(labels));
  if (preset) for (const [key, text] of presetMetadata(preset)) kept.set(key, text);
  kept.set("model", model);
  kept.set("converted_from", source.split(/[/\\]/).at(-1) ?? source);
  return kept;
}

/** Each convolution with its norm as a weight and a bias. `downsample.0` is before `downsample.1`, `conv2` before `bn2`. */
function foldedTensors(tensors: ReadonlyMap<string, Constant>, target: SafetensorsDtype | undefined): TensorToStream[] {
  const made: TensorToStream[] = [];
  for (const [name, tensor] of tensors) {
    const [, conv, norm] = normOf(name) ?? [];
    if (conv !== undefined && norm !== undefined) {
      const part = (what: string): Constant => tensors.get(`${norm}.${what}`)!; // prepareWeights has seen that they are there
      const { weight, bias } = foldConstants({
        ...{ weight: tensor, mean: part("running_mean"), variance: part("running_var") },
        ...{ gamma: part("weight"), beta: part("bias"), eps: 1e-5 },
      });
      const stored = storedOf(tensor);
      const dtype = target ?? (stored === "F16" || stored === "BF16" || stored === "F64" ? stored : "F32");
      made.push(toStream(`${conv}.weight`, weight, dtype), toStream(`${conv}.bias`, bias, dtype));
    } else if (name.startsWith("fc.")) made.push(toStream(name, tensor, target));
  }
  return made;
}

/** The convolution of a weight's name, and the norm behind it. */
function normOf(name: string): [string, string, string] | undefined {
  const conv = /^(.*(?:conv\d|downsample\.0))\.weight$/.exec(name)?.[1];
  if (conv === undefined) return undefined;
  return [name, conv, conv.replace(/conv(\d)$/, "bn$1").replace(/downsample\.0$/, "downsample.1")];
}

const floats: ReadonlySet<StoredDtype> = new Set(["F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"]);

function storedOf(tensor: Constant): StoredDtype {
  return "stored" in tensor ? (tensor as StoredTensor).stored : tensor.dtype === "float64" ? "F64" : "F32";
}

/** `target`: what floats become. Whole numbers and all else stay. */
function toStream(name: string, tensor: Constant, target: SafetensorsDtype | undefined): TensorToStream {
  const stored = storedOf(tensor);
  const dtype = target !== undefined && floats.has(stored) ? target : stored;
  if (!isSafetensorsDtype(dtype))
    throw new UnsupportedError(`tensor ${quoted(name)} has elements of ${stored}, which no safetensors file can hold`);
  const isSame = dtype === stored && "readBytes" in tensor;
  return {
    ...{ name, dtype, shape: tensor.shape },
    bytes: async () => {
      if (isSame) return (tensor as StoredTensor).readBytes();
      const breach = (what: string) => new WeightError("weights-format", `tensor ${quoted(name)}: ${what}`);
      return encodeNumbers(dtype, await tensor.read(), breach);
    },
  };
}
