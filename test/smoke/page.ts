// The smoke program for a browser: the page offers it to whoever drives the browser.
import { type Device, type SmokeResult, smoke } from "./smoke.ts";

declare global {
  var runSmoke: (device: Device, photos: string[]) => Promise<SmokeResult>;
}

globalThis.runSmoke = (device, photos) =>
  smoke(
    device,
    photos.map((photo) => new URL(photo, location.href)),
  );
