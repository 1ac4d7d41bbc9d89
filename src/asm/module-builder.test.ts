import { expect, test } from "vitest";
import { FunctionBuilder } from "./function-builder.ts";
import { ModuleBuilder } from "./module-builder.ts";
import { f32, i32 } from "./scalar.ts";

function storing(value: number): FunctionBuilder {
  const f = new FunctionBuilder({ parameters: ["i32"] });
  f.store(f.parameter(0, "i32"), i32.const(value));
  return f;
}

test("functions share types and memory, and are exported by name", () => {
  const module = new ModuleBuilder({ memory: { module: "env", name: "memory", initial: 1 } });
  module.addFunction(storing(5), { export: "five" });
  module.addFunction(storing(6), { export: "six" });
  const other = new FunctionBuilder({ parameters: [], result: "f32" });
  other.return(f32.const(0.5));
  module.addFunction(other, { export: "half" });
  const compiled = new WebAssembly.Module(module.toBytes());
  expect(WebAssembly.Module.exports(compiled)).toEqual(
    ["five", "six", "half"].map((name) => ({ name, kind: "function" })),
  );
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { five, six, half } = new WebAssembly.Instance(compiled, { env: { memory } }).exports as Record<
    string,
    (at?: number) => number
  >;
  five!(4);
  six!(8);
  expect([...new Int32Array(memory.buffer, 4, 2), half!()]).toEqual([5, 6, 0.5]);
});

test("a memory may be shared, and then must have a maximum", () => {
  const shared = { module: "env", name: "memory", initial: 1, shared: true } as const;
  expect(() => new ModuleBuilder({ memory: shared })).toThrow(/needs a maximum/);
  const module = new ModuleBuilder({ memory: { ...shared, maximum: 4 } });
  module.addFunction(storing(7), { export: "run" });
  const compiled = new WebAssembly.Module(module.toBytes());
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 4, shared: true });
  const { run } = new WebAssembly.Instance(compiled, { env: { memory } }).exports;
  (run as (at: number) => void)(0);
  expect(new Int32Array(memory.buffer)[0]).toBe(7);
  const own = new WebAssembly.Memory({ initial: 1, maximum: 4 });
  expect(() => new WebAssembly.Instance(compiled, { env: { memory: own } })).toThrow(WebAssembly.LinkError);
});

test("custom sections tell equal modules apart and change nothing else", () => {
  const bytesWith = (salt: number) => {
    const module = new ModuleBuilder({ memory: { module: "env", name: "memory", initial: 1 } });
    module.addFunction(storing(1), { export: "run" });
    module.addCustomSection("salt", [salt]);
    return module.toBytes();
  };
  expect(bytesWith(1)).not.toEqual(bytesWith(2));
  const [section] = WebAssembly.Module.customSections(new WebAssembly.Module(bytesWith(9)), "salt");
  expect([...new Uint8Array(section!)]).toEqual([9]);
});

test("refuses two exports of one name", () => {
  const module = new ModuleBuilder({ memory: { module: "env", name: "memory", initial: 1 } });
  module.addFunction(storing(1), { export: "run" });
  expect(() => module.addFunction(storing(2), { export: "run" })).toThrow(/run is exported twice/);
});
