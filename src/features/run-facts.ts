/** What a run is, in words that another run's can be compared with: rows of two runs may stand in one file only where all of it is the same. */
import { openBytes, pathKind, sha256 } from "#platform";
import { OptionError } from "../errors.ts";
import { defaultLayer, type Model } from "../model/model.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";
import type { RunFacts } from "./row-journal.ts";

/** Facts that are told, and not compared: the same weights may lie elsewhere today. */
const told = ["weights"];

/**
 * Throws OptionError with what differs. `where` names the earlier run's journal.
 */
export function checkSameRun(where: string, earlier: RunFacts, now: RunFacts): void {
  const names = [...new Set([...Object.keys(earlier), ...Object.keys(now)])].filter((name) => !told.includes(name));
  const differing = names.filter((name) => earlier[name] !== now[name]);
  if (differing.length === 0) return;
  const short = (text: string | undefined): string => {
    if (text === undefined) return "not given";
    return text.length > 60 ? `${text.slice(0, 12)}…` : text;
  };
  const parts = differing.map((name) => `${name} was ${short(earlier[name])}, is ${short(now[name])}`);
  throw new OptionError(
    `${where}: belongs to another run (${parts.join("; ")}); resume it with what it was begun with, or delete it to begin anew`,
  );
}

/**
 * SHA-256 of the weights' file; where they come from no file, of the vector that they make of a black picture, which other weights
 * would not make.
 */
export async function weightsHash(model: Model, signal?: AbortSignal): Promise<string> {
  const path = model.info.weights;
  if ((await pathKind(path).catch(() => undefined)) === "file") return hashOf(path, signal);
  const vector = await vectorOfBlank(model, defaultLayer, signal);
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", vector.slice().buffer));
  return `of a vector: ${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

const chunkBytes = 2 ** 20;

async function hashOf(path: string, signal?: AbortSignal): Promise<string> {
  const [file, hash] = [await openBytes(path), await sha256()];
  try {
    for (let at = 0; at < file.size; at += chunkBytes) {
      signal?.throwIfAborted();
      hash.update(await file.read(at, Math.min(chunkBytes, file.size - at)));
    }
    return hash.digest();
  } finally {
    await file.close();
  }
}

/** What the network gives for zeros, the mean of all images: NaN there comes from the weights, and every image's vector has it. */
export async function vectorOfBlank(model: Model, layer: string, signal?: AbortSignal): Promise<Float32Array> {
  const { crop } = model.info.preset;
  const input: HostTensor = { shape: [3, crop, crop], dtype: "float32", data: new Float32Array(3 * crop * crop) };
  return (await model.vectorsOf([input], [layer], { signal }))[0]![layer]!;
}
