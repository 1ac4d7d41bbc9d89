/**
 * A WebAssembly module from its parts: one imported memory, functions, exports, custom sections. `toBytes` may be given to
 * WebAssembly.compile as it is.
 */
import { ByteWriter, moduleHeader, writeSection } from "./encode.ts";
import type { FunctionBuilder, FunctionReference, Signature } from "./function-builder.ts";
import { valueTypeCodes } from "./value.ts";

/** Pages are 64 KiB; the memory given at instantiation must have at least `initial` and fit `maximum` and `shared`. */
export interface MemoryImport {
  readonly module: string;
  readonly name: string;
  readonly initial: number;
  /** Must be given when `shared`. */
  readonly maximum?: number;
  /** A memory over a SharedArrayBuffer, for threads. */
  readonly shared?: boolean;
}

export class ModuleBuilder {
  readonly #memory: MemoryImport | undefined;
  readonly #signatures: Signature[] = [];
  readonly #functions: { readonly signature: number; readonly body: readonly number[] }[] = [];
  readonly #exports: { readonly name: string; readonly index: number }[] = [];
  readonly #custom: { readonly name: string; readonly bytes: ArrayLike<number> }[] = [];

  constructor(options: { readonly memory?: MemoryImport } = {}) {
    if (options.memory?.shared && options.memory.maximum === undefined)
      throw new RangeError("asm: a shared memory needs a maximum");
    this.#memory = options.memory;
  }

  /** Finishes the function and adds it. The reference is for `call` in functions that are added later, or in itself. */
  addFunction(f: FunctionBuilder, options: { readonly export?: string } = {}): FunctionReference {
    return this.addBody(f.signature, f.finish(), options);
  }

  /** Adds what `FunctionBuilder.finish` gave. */
  addBody(
    signature: Signature,
    body: readonly number[],
    options: { readonly export?: string } = {},
  ): FunctionReference {
    const index = this.#functions.push({ signature: this.#signatureIndex(signature), body }) - 1;
    const name = options.export;
    if (name !== undefined) {
      if (this.#exports.some((other) => other.name === name)) throw new Error(`asm: ${name} is exported twice`);
      this.#exports.push({ name, index });
    }
    return { ...signature, index };
  }

  /** A section that engines skip: notes for tools, or bytes that tell two equal modules apart. */
  addCustomSection(name: string, bytes: ArrayLike<number>): void {
    this.#custom.push({ name, bytes });
  }

  toBytes(): Uint8Array<ArrayBuffer> {
    const out = new ByteWriter();
    out.append(moduleHeader);
    writeSection(out, "type", this.#signatures.length, (section) =>
      section.vector(this.#signatures, ({ parameters, result }) => {
        section.byte(0x60);
        section.vector(parameters, (type) => section.byte(valueTypeCodes[type]));
        section.vector(result ? [result] : [], (type) => section.byte(valueTypeCodes[type]));
      }),
    );
    const memories = this.#memory ? [this.#memory] : [];
    writeSection(out, "import", memories.length, (section) =>
      section.vector(memories, ({ module, name, initial, maximum, shared = false }) => {
        section.name(module);
        section.name(name);
        section.byte(0x02);
        section.byte((maximum === undefined ? 0 : 1) | (shared ? 2 : 0));
        section.u32(initial);
        if (maximum !== undefined) section.u32(maximum);
      }),
    );
    writeSection(out, "function", this.#functions.length, (section) =>
      section.vector(this.#functions, ({ signature }) => section.u32(signature)),
    );
    writeSection(out, "export", this.#exports.length, (section) =>
      section.vector(this.#exports, ({ name, index }) => {
        section.name(name);
        section.byte(0x00);
        section.u32(index);
      }),
    );
    writeSection(out, "code", this.#functions.length, (section) =>
      section.vector(this.#functions, ({ body }) => section.sized((sized) => sized.append(body))),
    );
    for (const { name, bytes } of this.#custom)
      writeSection(out, "custom", 1, (section) => {
        section.name(name);
        section.append(bytes);
      });
    return new Uint8Array(out.bytes);
  }

  #signatureIndex(signature: Signature): number {
    const key = signatureKey(signature);
    const found = this.#signatures.findIndex((other) => signatureKey(other) === key);
    return found >= 0 ? found : this.#signatures.push(signature) - 1;
  }
}

function signatureKey({ parameters, result }: Signature): string {
  return `${parameters.join()}>${result ?? ""}`;
}
