/**
 * The decoders that are WebAssembly modules of npm packages (@jsquash): found through `#platform`, compiled once, and kept as one
 * instance each. Their own start-up is not used, since it fetches the .wasm file, which fails in Node.
 */
import { readPackageFile } from "#platform";
import { mostKept, pagedCopy } from "../tensor/free-array.ts";
import type { RgbaImage } from "./rgb-image.ts";

/** What Emscripten's module takes here: hooks for its instantiation and for the lines that the C library prints. */
interface ModuleOptions {
  readonly noInitialRun: true;
  print(line: string): void;
  printErr(line: string): void;
  instantiateWasm(imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => void): WebAssembly.Exports;
}

interface CodecModule {
  readonly HEAPU8: Uint8Array;
  /** Takes the bytes and what else the C function asks for; Emscripten checks the number of arguments. */
  decode(bytes: Uint8Array, ...options: readonly boolean[]): RgbaImage | null;
}

/** The default export of a package's `codec/dec/*.js`. */
export type CodecFactory = (options: ModuleOptions) => Promise<CodecModule>;

/** A decoder's answer: pixels unless it failed, and what its C library had to say. */
export interface CodecResult {
  readonly pixels?: RgbaImage;
  readonly messages: readonly string[];
}

/**
 * What the modules make of their memory's pixels: they look up by these names in the global object how to, the first time that they
 * decode, and keep it. Their own is a buffer of the C library's for each image, which makes a process that decodes many grow.
 */
const pixelsOf = {
  Uint8ClampedArray: function copy(view: Uint8Array): Uint8Array {
    return pagedCopy(view);
  },
  ImageData: function image(data: Uint8Array, width: number, height: number): RgbaImage {
    return { width, height, data };
  },
};

/** Calls `run` with other things by these names in the global object, which nothing but it sees. */
function withGlobals<T>(globals: Readonly<Record<string, unknown>>, run: () => T): T {
  const before = Object.keys(globals).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const);
  try {
    for (const [name, value] of Object.entries(globals))
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    return run();
  } finally {
    for (const [name, descriptor] of before)
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else Reflect.deleteProperty(globalThis, name);
  }
}

export class WasmCodec {
  readonly #wasm: string;
  readonly #factory: CodecFactory;
  readonly #options: readonly boolean[];
  #compiled: Promise<WebAssembly.Module> | undefined;
  #instance: Promise<CodecModule> | undefined;
  #messages: string[] = [];

  /**
   * @param wasm import specifier of the .wasm file
   * @param options what its `decode` takes beside the bytes
   */
  constructor(wasm: string, factory: CodecFactory, options: readonly boolean[] = []) {
    this.#wasm = wasm;
    this.#factory = factory;
    this.#options = options;
  }

  /** Decodes; bytes that cannot be decoded give no `pixels`. Throws only where the codec itself cannot be loaded. */
  async decode(bytes: Uint8Array): Promise<CodecResult> {
    const codec = await this.#start();
    // From here to the end nothing awaits, so the messages are this image's.
    this.#messages = [];
    let pixels: RgbaImage | null = null;
    try {
      pixels = withGlobals(pixelsOf, () => codec.decode(bytes, ...this.#options));
    } catch (error) {
      // The C library exits by throwing, and an Emscripten exit carries no text; its reason has been printed.
      if (error instanceof Error) this.#messages.push(error.message);
    }
    // A library that left in the middle of its work leaks what it held; and a WebAssembly memory never shrinks.
    if (!pixels || codec.HEAPU8.length > mostKept) this.#instance = undefined;
    return { pixels: pixels ?? undefined, messages: this.#messages };
  }

  async #start(): Promise<CodecModule> {
    this.#instance ??= this.#instantiate();
    try {
      return await this.#instance;
    } catch (error) {
      // What failed once (a network, a missing file) may work the next time.
      this.#instance = undefined;
      this.#compiled = undefined;
      throw error;
    }
  }

  async #instantiate(): Promise<CodecModule> {
    this.#compiled ??= readPackageFile(this.#wasm).then((bytes) => WebAssembly.compile(bytes));
    const module = await this.#compiled;
    const hear = (line: string) => {
      this.#messages.push(line);
    };
    // They define ImageData where it is not: not so where they see one.
    return withGlobals(pixelsOf, () =>
      this.#factory({
        noInitialRun: true,
        print: hear,
        printErr: hear,
        instantiateWasm(imports, done) {
          const instance = new WebAssembly.Instance(module, imports);
          done(instance);
          return instance.exports;
        },
      }),
    );
  }
}
