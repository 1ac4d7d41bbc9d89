// The library's main job as a user writes it, through the public entry: photos in, tiny's vectors out. The same file
// runs in every runtime; what differs is only what names a photo (a path, or a URL object in a browser).
import { openModel } from "residual";

export type Device = "wasm" | "webgpu";

export interface SmokeResult {
  /** The device that the model says it ran on. */
  device: string;
  /** The adapter, or the WebAssembly engine's arithmetic, in words. */
  description: string;
  /** One vector a photo, in the photos' order. */
  vectors: number[][];
  /** From opening the model to the last vector. */
  milliseconds: number;
}

export async function smoke(device: Device, photos: (string | URL)[]): Promise<SmokeResult> {
  const start = performance.now();
  const model = await openModel({ model: "tiny", device });
  const vectors: number[][] = [];
  const { description } = model.device;
  let ranOn = "";
  for (const photo of photos) {
    const { vector, device } = await model.features(photo);
    vectors.push(Array.from(vector)); // float32 values survive JSON as doubles
    ranOn = device;
  }
  model.dispose();
  return { device: ranOn, description, vectors, milliseconds: performance.now() - start };
}
