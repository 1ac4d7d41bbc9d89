// Full-size exports of torchvision, transformers, timm and torch's ONNX exporters, made here by those libraries (make.py) and opened by this
// one: vectors must equal theirs. `npm run check:exports [-- FOLDER]`; Python by $PYTHON (else python3), with what
// tools/golden/README.md lists for the part `exports`. FOLDER is made anew unless it has an index.json. No part of npm test.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { convertProgram } from "../../src/cli/convert-command.ts";
import type { ModelName } from "../../src/model/architectures.ts";
import { openModel } from "../../src/model/open-model.ts";
import { openSafetensors } from "../../src/weights/safetensors.ts";
import { relativeError } from "../../test/support/compare.ts";

interface Export {
  readonly name: string;
  readonly file: string;
  readonly model: ModelName;
  readonly labels?: readonly string[];
}

const asked = process.argv[2];
const folder = asked ?? (await mkdtemp(join(tmpdir(), "residual-exports-")));
const root = new URL("../../", import.meta.url);
const photo = (name: string) => fileURLToPath(new URL(`examples/photos/${name}`, root));

if (!existsSync(join(folder, "index.json"))) {
  const make = fileURLToPath(new URL("make.py", import.meta.url));
  const { status } = spawnSync(process.env.PYTHON ?? "python3", [make, folder], { stdio: ["ignore", 2, 2] });
  if (status !== 0) process.exit(1);
}
const index = JSON.parse(await readFile(join(folder, "index.json"), "utf8")) as {
  readonly versions: Readonly<Record<string, string>>;
  readonly photos: readonly string[];
  readonly exports: readonly Export[];
};
const vectors = await openSafetensors(join(folder, "vectors.safetensors"));
console.log(
  Object.entries(index.versions)
    .map((pair) => pair.join(" "))
    .join(", "),
);
console.log(`max|a-b|/max|b| over ${index.photos.join(", ")}: as it is, and after residual convert --verify`);

const limit = 1e-4;
let failed = 0;
const copy = join(folder, "converted.safetensors");
for (const { name, file, model, labels } of index.exports) {
  const errors: string[] = [];
  const notes: string[] = [];
  try {
    const source = join(folder, file);
    const direct = await errorOf(model, source, name, labels, (note) => notes.push(note));
    await convertProgram("convert", () => {}).parseAsync([source, copy, "--verify", "--force", "--quiet"], {
      from: "user",
    });
    const converted = await errorOf(model, copy, name, labels, () => {});
    errors.push(direct.toExponential(1), converted.toExponential(1));
    if (!(Math.max(direct, converted) <= limit)) errors.push(`FAILS: at most ${limit} is right`);
  } catch (error) {
    errors.push(`FAILS: ${error instanceof Error ? error.message : error}`);
  }
  if (errors.length > 2 || errors.length === 1) failed++;
  console.log(`${name.padEnd(48)} ${errors.join("  ")}${notes.map((note) => `\n    ${note}`).join("")}`);
}
await vectors.close();
await rm(asked === undefined ? folder : copy, { recursive: true, force: true });
console.log(failed === 0 ? `all ${index.exports.length} are right` : `${failed} of ${index.exports.length} fail`);
process.exitCode = failed === 0 ? 0 : 1;

async function errorOf(
  model: ModelName,
  weights: string,
  name: string,
  labels: readonly string[] | undefined,
  onWarning: (note: string) => void,
): Promise<number> {
  await using opened = await openModel({ model, weights, device: "wasm", onWarning });
  let worst = 0;
  for (const shown of index.photos) {
    const expected = Float32Array.from(await vectors.tensors.get(`${name}/${shown}`)!.read());
    const { vector } = await opened.features(photo(shown));
    worst = Math.max(worst, relativeError(vector, expected));
  }
  if (labels) {
    const found = await opened.classify(photo(index.photos[0]!), { top: labels.length });
    const wrong = found.find(({ index: at, label }) => label !== labels[at]);
    if (wrong) throw new Error(`class ${wrong.index} is called ${wrong.label}`);
  }
  return worst;
}
