/** The engines that `npm run bench:webgpu` measures; `oursGemm`: our convolutions by the kernel that graphics cards get, also where the adapter is software and has one of its own. */
export const engineNames = ["ours", "oursGemm", "tfjs", "onnxruntime"] as const;
export type EngineName = (typeof engineNames)[number];
