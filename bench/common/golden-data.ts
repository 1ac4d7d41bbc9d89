/** What engines are given: the goldens' weights as a safetensors file, and photos as a network's input; and what PyTorch made of them. */
import { fileURLToPath } from "node:url";
import { preprocess } from "../../src/image/preprocess.ts";
import { presets } from "../../src/image/preset.ts";
import { readImage } from "../../src/model/image-source.ts";
import { writeSafetensors } from "../../src/weights/safetensors-write.ts";
import { type DepthName, goldenIndex, goldenStateDict, openGoldenOutputs } from "../../test/support/golden-networks.ts";
import { side } from "./workload.ts";

/** A safetensors file with torchvision's names. */
export async function weightBytes(model: DepthName): Promise<Uint8Array> {
  const state = await goldenStateDict(model);
  const tensors = await Promise.all(
    [...state.tensors].map(async ([name, { shape, read }]) => ({
      ...{ name, shape, dtype: "F32" as const },
      data: Float32Array.from(await read()),
    })),
  );
  await state.close();
  return writeSafetensors(tensors);
}

/** Float32, NCHW: the goldens' photos, as many as the largest batch. */
export async function photoBytes(): Promise<Uint8Array> {
  const { scenes } = await goldenIndex();
  const size = 3 * side * side;
  const data = new Float32Array(scenes.length * size);
  for (const [i, photo] of scenes.entries()) {
    const path = fileURLToPath(new URL(`../../examples/photos/${photo}`, import.meta.url));
    data.set(preprocess(await readImage(path), presets["torchvision-v1"]).data, i * size);
  }
  return new Uint8Array(data.buffer);
}

/** PyTorch's logits of the first `batch` photos, one after another; fewer where the goldens have fewer. */
export async function pytorchLogits(model: DepthName, batch: number): Promise<Float32Array> {
  const { networks } = await goldenIndex();
  await using golden = await openGoldenOutputs(model);
  const logits = await Promise.all(networks[model].photos.slice(0, batch).map((photo) => golden.read(photo, "fc")));
  return Float32Array.from(logits.flatMap((numbers) => [...numbers]));
}
