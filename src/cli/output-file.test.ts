/** Where rows go, and what must never be written over: the inputs, by whatever name. */
import { mkdtemp, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromRoot } from "../../test/support/small-weights.ts";
import { runResidual } from "../../test/support/spawn-residual.ts";
import { openRows } from "./output-file.ts";

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residual-output-"));
  await writeFile(at("photo.jsonl"), "precious");
  await symlink("photo.jsonl", at("link.jsonl"));
  await symlink("made.jsonl", at("dangling.jsonl"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("openRows", () => {
  it("refuses an input as the output, also through a link and another spelling", async () => {
    for (const name of ["photo.jsonl", "link.jsonl", "./x/../photo.jsonl"])
      await expect(openRows(at(name), [at("other.jpg"), at("photo.jsonl")])).rejects.toThrow(/is also an input/);
    expect(await readFile(at("photo.jsonl"), "utf8")).toBe("precious");
  });

  it("takes standard output for -, and makes what a link to nothing names", async () => {
    expect(await openRows("-", [at("photo.jsonl")])).toBeUndefined();
    const output = await openRows(at("dangling.jsonl"), [at("photo.jsonl")]);
    await output!.write("rows");
    await output!.commit();
    expect(await readFile(at("made.jsonl"), "utf8")).toBe("rows");
    expect(await readlink(at("dangling.jsonl"))).toBe("made.jsonl");
  });
});

describe("residual features", () => {
  const photo = fromRoot("examples/photos/cat-eyes.jpg");
  const run = (...args: string[]) => runResidual(["features", ...args, "--model", "tiny", "--device", "wasm"]);

  it("refuses its weights as the output, and an option given twice", async () => {
    const weights = await run(photo, "--weights", at("photo.jsonl"), "-o", at("link.jsonl"));
    expect(weights).toMatchObject({ code: 2, stdout: "" });
    expect(weights.stderr).toMatch(/^residual: -o .*is also an input.*\n$/);
    const twice = await run(photo, "--layer", "layer1", "--layer", "layer2");
    expect(twice).toMatchObject({
      code: 2,
      stdout: "",
      stderr: "residual: --layer: given twice; it takes one value\n",
    });
  });

  it("takes file URLs, says that all failed, and gives the unknown layer's line alone", async () => {
    const url = await run(new URL(`file://${photo}`).href, "-o", "-");
    expect(url.code).toBe(0);
    expect(JSON.parse(url.stdout).image_path).toBe(photo);
    const failed = await run("nowhere.jpg");
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/nowhere\.jpg: no such file or folder\nresidual: 1 of 1 images failed\n$/);
    const layer = await runResidual(["features", photo, "--model", "tiny", "--layer", "nope"]);
    expect(layer.code).toBe(2);
    expect(layer.stderr).toMatch(/^residual: layer "nope": .*\n$/);
  });
});
