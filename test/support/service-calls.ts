/** Calls to a service without a socket, for the tests of src/server: photos with the vectors that the library gives, bodies, uploads. */
import { readFile } from "node:fs/promises";
import { expect } from "vitest";
import { openModel } from "../../src/index.ts";
import type { ModelLoader } from "../../src/server/model-cache.ts";
import { fromRoot, tinyWeights } from "./small-weights.ts";
import { type TestOptions, type TestService, testService, tinyLoader } from "./test-service.ts";

export const names = ["clock.jpg", "cat-eyes.jpg", "coffee-dim.webp", "astronaut-portrait.jpg"];
export const photos = await Promise.all(names.map((name) => readFile(fromRoot(`examples/photos/${name}`))));
export const [photo] = photos as [Buffer];

/** What the library makes of the photos. */
export async function libraryVectors(): Promise<number[][]> {
  const model = await openModel({ model: "tiny", weights: await tinyWeights(), device: "wasm" });
  const vectors: number[][] = [];
  for (const bytes of photos) vectors.push(Array.from((await model.features(bytes)).vector));
  model.dispose();
  return vectors;
}

export async function withService(options: TestOptions, body: (test: TestService) => Promise<void>): Promise<void> {
  const test = await testService({ loader: tinyLoader(), ...options });
  try {
    await body(test);
  } finally {
    await test.close();
  }
}

export const algorithm = "/v1/algo/imageclassification/ResNetFeatureExtraction";
export const asJson = { "Content-Type": "application/json" };
export const jsonBody = (value: unknown): RequestInit => ({
  method: "POST",
  headers: asJson,
  body: JSON.stringify(value),
});
export const bytesBody = (bytes: Uint8Array<ArrayBuffer>, type = "image/jpeg"): RequestInit => ({
  ...{ method: "POST", headers: { "Content-Type": type }, body: bytes },
});

export async function upload({ app }: TestService, folder: string, files: Record<string, Buffer>): Promise<void> {
  expect((await app.request("/v1/data/.my", jsonBody({ name: folder }))).status).toBe(200);
  for (const [name, body] of Object.entries(files))
    expect(
      (await app.request(`/v1/data/.my/${folder}/${name}`, { method: "PUT", body: new Uint8Array(body) })).status,
    ).toBe(200);
}

/** A loader whose networks are ready when the test says so. */
export function heldLoader(): { loader: ModelLoader; open: () => void; loads: number[] } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const loads: number[] = [];
  const inner = tinyLoader();
  return {
    ...{ open, loads },
    loader: {
      estimate: () => 1000,
      load: async (depth, signal) => {
        loads.push(depth);
        await opened;
        return inner.load(depth, signal);
      },
    },
  };
}
