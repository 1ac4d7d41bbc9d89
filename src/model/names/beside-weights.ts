/**
 * What lies beside a weight file and belongs to it: Hugging Face's config.json and preprocessor_config.json, timm's config.json. Asked for
 * only where the file's names or its own name say that there may be one.
 */
import { WeightError } from "../../errors.ts";
import type { Preset } from "../../image/preset.ts";
import { isPlainObject } from "../../tensor/check-options.ts";
import type { StateDict } from "../../tensor/host-tensor.ts";
import type { WeightFile } from "../../weights/weight-file.ts";
import { readBeside } from "../../weights/weight-source.ts";
import { isModelName } from "../architectures.ts";
import { labelsOfValue } from "./class-labels.ts";
import type { FittedWeights } from "./fit-weights.ts";
import { huggingFaceMisfit, huggingFaceNames } from "./hugging-face-names.ts";
import { presetOfProcessor } from "./hugging-face-preset.ts";
import { presetOfTimm } from "./timm-preset.ts";

export interface BesideWeights {
  readonly preset?: Preset;
  readonly labels?: readonly string[];
  /** What the user should know: nothing says where the strides are, or names of classes are not as many as these. */
  readonly notes: readonly string[];
  /** Nothing says how pictures are prepared, or what says it is not understood. */
  readonly presetNotes: readonly string[];
}

const nothing: BesideWeights = { notes: [], presetNotes: [] };

type Config = Readonly<Record<string, unknown>>;

/** Names that hubs give to weights, beside which a config.json lies. */
const hubName = /(^|[/\\])(model\.safetensors|pytorch_model\.bin)(\.index\.json)?$/;

/**
 * Preset and names of classes from the files beside the weights. Throws WeightError where they say that the network is another
 * ("weights-mismatch"), or are no JSON ("weights-format").
 */
export async function readBesideWeights(file: StateDict, fitted: FittedWeights): Promise<BesideWeights> {
  const beside = "beside" in file ? (file as WeightFile).beside : undefined;
  if (fitted.owner === huggingFaceNames.owner) return besideHuggingFace(file, fitted, beside);
  if (!hubName.test(file.source)) return nothing;
  const config = await readConfig(beside, "config.json");
  return config === undefined ? nothing : besideTimm(file, fitted, config);
}

async function besideHuggingFace(
  file: StateDict,
  { classes }: FittedWeights,
  beside: WeightFile["beside"],
): Promise<BesideWeights> {
  const config = await readConfig(beside, "config.json");
  const misfit = config && huggingFaceMisfit(config.json);
  if (misfit) throw new WeightError("weights-mismatch", `${config.name}: ${misfit}; this network is not built here`);
  const { labels, notes } = labelsIn(config, "id2label", config?.json.id2label, classes);
  if (!config)
    notes.push(
      `${file.source}: no config.json beside it says where the strides are; they are taken to be torchvision's (v1.5)`,
    );
  const processor = await readConfig(beside, "preprocessor_config.json");
  const preset = processor && presetOfProcessor(processor.json, processor.name);
  if (typeof preset === "object") return { preset, labels, notes, presetNotes: [] };
  const why = processor ? `${processor.name}: ${preset}` : `${file.source}: no preprocessor_config.json beside it`;
  return { labels, notes, presetNotes: [`${why}; pictures are prepared as for torchvision's weights`] };
}

function besideTimm(
  { source }: StateDict,
  { model, classes }: FittedWeights,
  { name, json }: ConfigFile,
): BesideWeights {
  const { architecture, pretrained_cfg: pretrained } = json;
  if (typeof architecture !== "string" || typeof pretrained !== "object" || pretrained === null) return nothing;
  const plain = architecture.replace(/^(tv|ssl|swsl|ig)_/, ""); // older names of the same networks with other weights
  if (!isModelName(plain) || plain !== model)
    throw new WeightError(
      "weights-mismatch",
      `${name}: the weights are those of timm's ${architecture}, and ${source} was opened as ${model}, whose tensors have the same shapes but not the same meaning`,
    );
  const config = pretrained as Config;
  const preset = presetOfTimm(config, name);
  const named = labelsIn({ name, json }, "label_names", config.label_names ?? json.label_names, classes);
  if (typeof preset === "object") return { preset, ...named, presetNotes: [] };
  return { ...named, presetNotes: [`${name}: ${preset}; pictures are prepared as for torchvision's weights`] };
}

interface ConfigFile {
  readonly name: string;
  readonly json: Config;
}

/** Names of classes in a configuration, or a note where it has some that are not these classes'. */
function labelsIn(
  config: ConfigFile | undefined,
  key: string,
  value: unknown,
  classes: number,
): { readonly labels: readonly string[] | undefined; readonly notes: string[] } {
  const labels = labelsOfValue(value, classes);
  if (labels || classes === 0 || value === undefined || value === null) return { labels, notes: [] };
  return {
    labels,
    notes: [`${config?.name}: its ${key} does not name the ${classes} classes, and is passed over`],
  };
}

async function readConfig(beside: WeightFile["beside"], path: string): Promise<ConfigFile | undefined> {
  const file = await readBeside(beside, path);
  if (!file) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(file.text);
  } catch {
    json = undefined;
  }
  if (!isPlainObject(json)) throw new WeightError("weights-format", `${file.name}: is no JSON object`);
  return { name: file.name, json: json as Config };
}
