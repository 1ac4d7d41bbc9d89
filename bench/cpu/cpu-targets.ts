/** What the CPU backend must show beside its peers: the peer's time over ours, at least so much, by depth, batch and kind of host. */
import type { CpuEngineName } from "./cpu-engines.ts";

/** What the host's vector units are, for which targets differ. */
export type HostKind = "fullWidth" | "halves";

export const hostKinds: Record<HostKind, string> = {
  fullWidth: "its AVX-512 runs in full width",
  halves: "its AVX-512 runs in halves, or there is AVX2 alone",
};

/** From the text of /proc/cpuinfo. An AMD host counts as one of halves, whatever its generation: the targets there are the higher ones. */
export function hostKindOf(cpuinfo: string): HostKind {
  return /GenuineIntel/.test(cpuinfo) && /\bavx512f\b/.test(cpuinfo) ? "fullWidth" : "halves";
}

export const targetNames = [
  "torchEager",
  "torchFastest",
  "onnxruntimeNode",
  "onnxruntimeWeb",
  "tfjsWasm",
  "onnxruntimeWeb128",
] as const;
export type TargetName = (typeof targetNames)[number];

export interface Target {
  readonly title: string;
  /** Of several, the fastest counts. */
  readonly engines: readonly CpuEngineName[];
  /** What they are measured against. */
  readonly base: "ours" | "ours128";
  /** `shallow`: resnet18 and resnet34. Nothing where the ratio is only recorded. */
  readonly least: (host: HostKind, shallow: boolean, batch: number) => number | undefined;
}

export const targets: Record<TargetName, Target> = {
  torchEager: {
    ...{ title: "PyTorch, eager", engines: ["torchEager"], base: "ours" },
    least: (host, shallow, batch) => {
      if (host === "halves") return shallow ? 1.9 : 1.5;
      return shallow ? 1.25 : batch === 1 ? 1.05 : 1;
    },
  },
  torchFastest: {
    title: "PyTorch, the fastest",
    ...{ engines: ["torchEager", "torchScript", "torchCompile"], base: "ours" },
    least: (host, shallow) => (host === "fullWidth" ? undefined : shallow ? 1.4 : 1.2),
  },
  onnxruntimeNode: {
    ...{ title: "onnxruntime-node", engines: ["onnxruntimeNode"], base: "ours" },
    least: (host, shallow, batch) => {
      if (host === "halves") return shallow ? (batch === 1 ? 1.4 : 1.5) : 1;
      return shallow ? (batch === 1 ? 0.9 : 1.1) : 0.7;
    },
  },
  onnxruntimeWeb: { title: "onnxruntime-web, wasm", engines: ["onnxruntimeWeb"], base: "ours", least: () => 4 },
  tfjsWasm: { title: "TensorFlow.js, wasm", engines: ["tfjsWasm"], base: "ours", least: () => 8 },
  onnxruntimeWeb128: {
    ...{ title: "onnxruntime-web, wasm, ours at 128 bits", engines: ["onnxruntimeWeb"], base: "ours128" },
    least: (_, shallow) => (shallow ? 2.8 : 2.2),
  },
};

export function targetOf(
  name: TargetName,
  host: HostKind,
  workload: { readonly model: string; readonly batch: number },
): number | undefined {
  const shallow = workload.model === "resnet18" || workload.model === "resnet34";
  return targets[name].least(host, shallow, workload.batch);
}
