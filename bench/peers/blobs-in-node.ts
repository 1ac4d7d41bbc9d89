/**
 * TensorFlow.js's threaded WebAssembly starts workers from blobs, as browsers can and Node cannot, and so has threads off in Node. Here blobs
 * are files in a folder, whose paths are what a worker is started from and what it loads.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** In a worker, before its own text: a blob comes as the object that it was cloned to. */
const workerPrelude = "URL.createObjectURL = (blob) => blob.path; URL.revokeObjectURL = () => undefined;\n";

/** What the workers load: in the package for Node the text of the blob lacks what it was bundled with, and this is the same whole. */
const module = {
  begin: "var WasmBackendModuleThreadedSimd =",
  file: "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.js",
};

/** Until the process ends. */
export function keepBlobsInFiles(): void {
  // Node takes .js there for CommonJS, as Emscripten's workers are.
  const folder = mkdtempSync(join(tmpdir(), "residual-bench-blobs-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  let count = 0;
  class FileBlob {
    readonly path: string;
    constructor([text]: readonly [string]) {
      const isModule = text.startsWith(module.begin);
      this.path = isModule ? createRequire(import.meta.url).resolve(module.file) : join(folder, `${count++}.js`);
      if (!isModule) writeFileSync(this.path, workerPrelude + text);
    }
  }
  Object.assign(globalThis, { Blob: FileBlob });
  Object.assign(URL, { createObjectURL: (blob: FileBlob) => blob.path });
}
