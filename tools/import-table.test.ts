// The import table can fail: small trees with one fault each, and the table's own order.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { checkImports, importTable } from "./import-table.ts";

const sound = {
  "package.json": JSON.stringify({
    imports: { "#platform": { source: { browser: "./src/platform/browser.ts", default: "./src/platform/node.ts" } } },
  }),
  "src/errors.ts": "export class ShapeError extends Error {}",
  "src/tensor/shape.ts": `import { ShapeError } from "../errors.ts"; export type Shape = number[];`,
  "src/platform/node.ts": `import { readFileSync } from "node:fs"; export const read = readFileSync;`,
  "src/platform/browser.ts": "export const read = fetch;",
  "src/kernels/op.ts": `import type { Shape } from "../tensor/shape.ts"; export type Op = Shape;`,
  "src/backends/device.ts": `import { read } from "#platform"; export type Device = typeof read;`,
  "src/index.ts": `export type { Op } from "./kernels/op.ts";`,
  "examples/run.ts": `import type { Op } from "residual"; import "node:fs"; export type O = Op;`,
  "src/kernels/op.test.ts": `import type { Device } from "../backends/device.ts"; import { test } from "vitest";`,
};

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** What the check says of the sound tree with some files added or replaced. */
function breaches(changed: Record<string, string>): string[] {
  const root = mkdtempSync(join(tmpdir(), "import-table-"));
  folders.push(root);
  for (const [path, text] of Object.entries({ ...sound, ...changed })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return checkImports(root).breaches;
}

test("a sound tree has no breach, and tests may import anything", () => {
  expect(breaches({})).toEqual([]);
});

test.each([
  ["an import", `import { x } from "../backends/device.ts";`],
  ["a type-only import", `\n\nimport type { Device } from "../backends/device.ts";`],
  ["a type-only name", `import { type Device } from "../backends/device.ts";`],
  ["a re-export", `export type { Device } from "../backends/device.ts";`],
  ["a type in place", `export type D = import("../backends/device.ts").Device;`],
  ["a dynamic import", `export const d = () => import("../backends/device.ts");`],
  ["a module named by URL", `export const d = new URL("../backends/device.ts", import.meta.url);`],
])("%s from a folder that the table does not give is a breach", (_, text) => {
  const line = text.startsWith("\n") ? 3 : 1;
  expect(breaches({ "src/kernels/bad.ts": text })).toEqual([
    `src/kernels/bad.ts:${line}: kernels may not import backends (src/backends/device.ts): ` +
      "it may import tensor, asm, errors",
  ]);
});

test("an import in a string or a comment is none", () => {
  expect(
    breaches({ "src/kernels/op2.ts": '// import "../backends/device.ts"\nexport const s = `import "./x.ts"`;' }),
  ).toEqual([]);
});

test.each([
  ["src/kernels/bad.ts", `import "#platform";`, "kernels may not import platform (src/platform/browser.ts)"],
  ["src/graph/bad.ts", `import "#elsewhere";`, "#elsewhere stands in no line of package.json"],
  ["src/graph/bad.ts", `import "./absent.ts";`, "there is no src/graph/absent.ts"],
  ["src/graph/bad.ts", `import "../../tools/x.ts";`, "src never imports tools/x.ts"],
  ["src/graph/bad.ts", `import "../kernels/op.test.ts";`, "only a test may import a test"],
  ["src/graph/bad.ts", `import "node:fs";`, "node:fs: only platform/"],
  ["src/graph/bad.ts", `import "residual/nn";`, "residual/nn: inside src/, import the file itself"],
  ["src/extra/bad.ts", `import "../errors.ts";`, "src/extra has no row"],
  ["src/index.ts", `export * from "./kernels/op.ts";`, "index.ts names each export"],
  ["examples/bad.ts", `import "../src/index.ts";`, `examples may import the public entry alone ("residual")`],
])("in %s, %s is a breach", (path, text, message) => {
  const found = breaches({ [path]: text, "tools/x.ts": "" });
  expect(found.join("\n")).toContain(`${path}:1: ${message}`);
});

test("modules that import one another in a circle are a breach, be it for types only or through a third", () => {
  const found = breaches({
    "src/graph/a.ts": `import type { B } from "./b.ts"; export type A = B;`,
    "src/graph/b.ts": `import type { C } from "./c.ts"; export type B = C;`,
    "src/graph/c.ts": `import type { A } from "./a.ts"; export type C = A;`,
  });
  expect(found).toEqual([
    "modules import one another in a circle: src/graph/a.ts → src/graph/b.ts → src/graph/c.ts → src/graph/a.ts",
  ]);
});

test("the table is in order: a row names rows before it only", () => {
  const rows = Object.keys(importTable);
  for (const [row, allowed] of Object.entries(importTable)) {
    for (const name of allowed) expect(rows.slice(0, rows.indexOf(row)), `${row} → ${name}`).toContain(name);
  }
});
