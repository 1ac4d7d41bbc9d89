/**
 * The ops' goldens: the cases that PyTorch computed (ops.cases.json), its outputs, and the table's cases of today in the same form, so that a
 * test can say which goldens are old.
 */
import { readFile } from "node:fs/promises";
import { type OpName, opOf, table } from "../../src/kernels/table.ts";
import type { StateDict } from "../../src/tensor/host-tensor.ts";
import { openSafetensors } from "../../src/weights/safetensors.ts";

/** A case as JSON has it, with everything said. Input k is filled with the seed text `${op}/${name}/${k}`. */
export interface ExportedCase {
  name: string;
  attrs: object;
  inputs: { shape: readonly number[]; fill: "signed" | "positive"; scale: number }[];
}

export type ExportedCases = Record<string, ExportedCase[]>;

const folder = new URL("../golden/", import.meta.url);

/** PyTorch knows no layouts, and the op changes no number. */
const withoutGolden: readonly OpName[] = ["convertLayout"];

/** The cases of every op that PyTorch has, as the table has them now. */
export function casesOfTable(): ExportedCases {
  const names = (Object.keys(table) as OpName[]).filter((name) => !withoutGolden.includes(name));
  return Object.fromEntries(
    names.map((name) => [
      name,
      opOf(name).cases.map((one) => ({
        name: one.name,
        attrs: one.attrs,
        inputs: one.inputs.map(({ shape, fill = "signed", scale = 1 }) => ({ shape, fill, scale })),
      })),
    ]),
  );
}

/** The cases that the goldens were made of. */
export async function casesOfGoldens(): Promise<ExportedCases> {
  return JSON.parse(await readFile(new URL("ops.cases.json", folder), "utf8")) as ExportedCases;
}

/** PyTorch's outputs: `${op}/${case}` → float32. Close it. */
export function openOpGoldens(): Promise<StateDict> {
  return openSafetensors(new URL("ops.safetensors", folder));
}
