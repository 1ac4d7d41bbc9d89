/**
 * The networks of the goldens: their weights, which are hashed from their names, with the batch norms' statistics from disk, and what PyTorch
 * gave for the example photos. tools/golden/networks.py is the other half.
 */
import { readFile } from "node:fs/promises";
import type { Constant, StateDict } from "../../src/tensor/host-tensor.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { openSafetensors } from "../../src/weights/safetensors.ts";
import { fillParameter } from "./hash-fill.ts";

export type DepthName = "resnet18" | "resnet34" | "resnet50" | "resnet101" | "resnet152";
/** Networks whose weights are hashed: the depths, and one with groups. */
export type HashedName = DepthName | "resnext50_32x4d";
export type NetworkName = HashedName | "tiny";

export interface GoldenIndex {
  /** Photos that have nothing to do with each other. */
  scenes: string[];
  networks: Record<
    NetworkName,
    {
      /** File names in examples/photos with outputs; the first has taps as well. */
      photos: string[];
      /** Smaller inputs, the centres of the 224×224 ones, with vectors of their own. */
      sides: number[];
      /** torchvision's node names. */
      taps: string[];
    }
  >;
}

export interface GoldenOutputs extends AsyncDisposable {
  /**
   * `input`: a photo's name, or `photo@side`. `node`: avgpool, fc, softmax, or, of the first photo, a tap: for each channel the mean
   * over all positions. Throws where there is no such golden.
   */
  read(input: string, node: string): Promise<Float32Array>;
}

const folder = new URL("../golden/", import.meta.url);

export async function goldenIndex(): Promise<GoldenIndex> {
  return JSON.parse(await readFile(new URL("networks/index.json", folder), "utf8")) as GoldenIndex;
}

export async function openGoldenOutputs(network: NetworkName): Promise<GoldenOutputs> {
  const file = await openSafetensors(new URL(`networks/${network}.safetensors`, folder));
  return {
    async read(input, node) {
      const tensor = file.tensors.get(`${input}/${node}`);
      if (!tensor) throw new Error(`${file.source} has no golden of ${node} for ${input}`);
      return Float32Array.from(await tensor.read());
    },
    [Symbol.asyncDispose]: () => file.close(),
  };
}

/** The golden weights of a network, as a weight file has them: torchvision's names and order. Nothing is computed before it is read. */
export async function goldenStateDict(arch: HashedName): Promise<StateDict> {
  const names = JSON.parse(await readFile(new URL("node-names.json", folder), "utf8")) as Record<
    string,
    { tensors: Record<string, Shape> }
  >;
  const statistics = await openSafetensors(new URL(`networks/${arch}.bn.safetensors`, folder));
  const smallNorm = arch === "resnet18" || arch === "resnet34" ? ".bn2" : ".bn3";
  const hashed = (name: string, shape: Shape): Constant => ({
    ...{ shape, dtype: "float32" },
    read: async () => fillParameter(arch, name, shape, smallNorm),
  });
  const tensors = Object.entries(names[arch]!.tensors).map(
    ([name, shape]) => [name, statistics.tensors.get(name) ?? hashed(name, shape)] as const,
  );
  return {
    tensors: new Map(tensors),
    metadata: new Map(),
    source: `golden ${arch}`,
    close: () => statistics.close(),
  };
}
