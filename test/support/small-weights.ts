/**
 * Weight files for tests, written by our own writer: tiny with a smaller crop (a run of milliseconds), with a classifier, or with numbers that are
 * none; and files that have another network's shapes and nothing in them.
 */
import { fileURLToPath } from "node:url";
import { createNetwork, type ModelName } from "../../src/model/architectures.ts";
import { namedParameters } from "../../src/nn/module.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { openWeights } from "../../src/weights/open-weights.ts";
import { type TensorToWrite, writeSafetensors } from "../../src/weights/safetensors-write.ts";
import { hashSigned } from "./hash-fill.ts";

/** A file of the checkout by its path from the root, absolute. */
export function fromRoot(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

export interface TinyOptions {
  /** The square that the network sees: 64 unless told, so that an image costs milliseconds; the shorter side is resized to it. */
  readonly crop?: number;
  /** Outputs of a classifier filled by the seeded hash; none unless told. */
  readonly classes?: number;
  /** Entries added to the metadata, or put in place of tiny's own. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Other numbers for a tensor, by name. */
  readonly replace?: Readonly<Record<string, (data: Float32Array) => Float32Array>>;
}

/** tiny's weights as a safetensors file. */
export async function tinyWeights(options: TinyOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
  const { crop = 64, classes = 0, metadata = {}, replace = {} } = options;
  const state = await openWeights(fromRoot("assets/tiny.safetensors"));
  try {
    const tensors: TensorToWrite[] = [];
    for (const [name, { shape, read }] of state.tensors) {
      if (name.endsWith("num_batches_tracked")) continue;
      const data = Float32Array.from(await read());
      tensors.push({ name, dtype: "F32", shape, data: replace[name]?.(data) ?? data });
    }
    if (classes > 0) {
      const fc = { weight: [classes, 128], bias: [classes] };
      for (const [name, shape] of Object.entries(fc))
        tensors.push({ name: `fc.${name}`, dtype: "F32", shape, data: hashSigned(`fc.${name}`, sizeOf(shape), 0.5) });
    }
    const preset = { resize: String(crop), crop: String(crop) };
    return writeSafetensors(
      tensors,
      new Map(Object.entries({ ...Object.fromEntries(state.metadata), ...preset, ...metadata })),
    );
  } finally {
    await state.close();
  }
}

/** A file with the shapes of a network and zeros in it, two bytes a number. */
export function zeroWeights(model: ModelName, classes = 1000): Uint8Array<ArrayBuffer> {
  const parameters = [...namedParameters(createNetwork(model, classes))];
  return writeSafetensors(
    parameters.map(([name, { shape }]) => ({ name, dtype: "F16", shape, bytes: new Uint8Array(2 * sizeOf(shape)) })),
  );
}
