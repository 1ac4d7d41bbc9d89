/** The public API of `residual`. Tensors are in `residual/tensor`, modules in `residual/nn`. */
export type { DeviceInfo, DeviceName } from "./backends/backend.ts";
export type { DeviceChoice } from "./backends/select.ts";
export {
  DeviceError,
  ImageError,
  type ImageErrorCode,
  OptionError,
  ResidualError,
  ShapeError,
  UnsupportedError,
  WeightError,
  type WeightErrorCode,
} from "./errors.ts";
export {
  type ErrorRow,
  type FeatureRow,
  type FeaturesOfOptions,
  featuresOf,
  type VectorRow,
} from "./features/features-of.ts";
export type { LeftOut } from "./features/left-out.ts";
export type { SourceList } from "./features/sources.ts";
export { type Preset, type PresetName, presetNamed, presets } from "./image/preset.ts";
export { depths, type ModelName, modelNames } from "./model/architectures.ts";
export { type Classification, imagenetLabels } from "./model/classification.ts";
export type { ImageSource, PixelSource } from "./model/image-source.ts";
export type {
  FeatureOptions,
  Features,
  LayerFeatures,
  Model,
  ModelDevice,
  ModelInfo,
} from "./model/model.ts";
export {
  type OpenOptions,
  openModel,
  resnet18,
  resnet34,
  resnet50,
  resnet101,
  resnet152,
} from "./model/open-model.ts";
export type { Normalize, Pool } from "./model/pooling.ts";
export type { ByteSource, Source } from "./platform/sources.ts";
export type { Constant, StateDict } from "./tensor/host-tensor.ts";
export type { DownloadProgress, FetchOptions } from "./weights/download/fetch-options.ts";
export { type OpenWeightsOptions, openWeights } from "./weights/open-weights.ts";
export { type TensorToWrite, writeSafetensors } from "./weights/safetensors-write.ts";
export type { SafetensorsDtype, StoredDtype } from "./weights/stored-dtypes.ts";
export type { StoredTensor, WeightFile } from "./weights/weight-file.ts";
export type { WeightSource } from "./weights/weight-source.ts";
