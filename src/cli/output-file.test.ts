/** Where rows go, and what must never be written over: the inputs, by whatever name. */
import { copyFile, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromRoot } from "../../test/support/small-weights.ts";
import { runResidual } from "../../test/support/spawn-residual.ts";
import { openOutput } from "../platform/node-output.ts";
import { OutputGuard, tryOutput } from "./output-file.ts";

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residual-output-"));
  await writeFile(at("photo.jsonl"), "precious");
  await symlink("photo.jsonl", at("link.jsonl"));
  await symlink("made.jsonl", at("dangling.jsonl"));
  // Two links, the second in a folder that is a link itself: its .. is that folder's parent.
  await mkdir(at("deep/inner"), { recursive: true });
  await symlink("deep/inner", at("shortcut"));
  await symlink("shortcut/second.jsonl", at("first.jsonl"));
  await symlink("../end.jsonl", at("deep/inner/second.jsonl"));
  await mkdir(at("photos"));
  await copyFile(fromRoot("examples/photos/cat-eyes.jpg"), at("photos/eyes.jpg"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("OutputGuard", () => {
  it("refuses an input as the output, also through a link and another spelling", async () => {
    for (const name of ["photo.jsonl", "link.jsonl", "./x/../photo.jsonl"]) {
      const guard = await OutputGuard.of(`-o ${name}`, [at(name)]);
      await guard.check(at("other.jpg"));
      await expect(guard.check(at("photo.jsonl"))).rejects.toThrow(/is also an input/);
    }
    expect(await readFile(at("photo.jsonl"), "utf8")).toBe("precious");
  });
});

describe("tryOutput", () => {
  it("leaves nothing, and what was there before", async () => {
    const before = (await readdir(folder)).sort();
    await tryOutput(at("photo.jsonl"), "jsonl");
    await tryOutput(at("new.npy"), "npy");
    expect((await readdir(folder)).sort()).toEqual(before);
    expect(await readFile(at("photo.jsonl"), "utf8")).toBe("precious");
  });

  it("refuses a file where a folder is made", async () => {
    await expect(tryOutput(at("photo.jsonl"), "clip-retrieval")).rejects.toThrow("is a file, and clip-retrieval makes");
  });

  it.skipIf(process.platform !== "linux")(
    "says the system's reason where a folder is there and takes no file",
    async () => {
      await expect(tryOutput("/proc/rows.jsonl", "jsonl")).rejects.toThrow(
        "/proc/rows.jsonl: the system makes no files in /proc ",
      );
      const long = at(`${"a".repeat(300)}.jsonl`);
      await expect(tryOutput(long, "jsonl")).rejects.toThrow(
        `${long}: the name is too long for its disk; name a shorter one`,
      );
    },
  );
});

describe("openOutput", () => {
  it("makes what a link to nothing names, through all links", async () => {
    for (const [link, target] of [
      ["dangling.jsonl", "made.jsonl"],
      ["first.jsonl", "deep/end.jsonl"],
    ]) {
      const output = await openOutput(at(link!));
      await output.write("rows");
      await output.commit();
      expect(await readFile(at(target!), "utf8")).toBe("rows");
    }
    expect(await readlink(at("dangling.jsonl"))).toBe("made.jsonl");
  });

  it("discardNow leaves nothing, and what was there before", async () => {
    const before = (await readdir(folder)).sort();
    const output = await openOutput(at("photo.jsonl"));
    await output.write("half a row");
    expect((await readdir(folder)).length).toBe(before.length + 1);
    output.discardNow();
    expect((await readdir(folder)).sort()).toEqual(before);
    expect(await readFile(at("photo.jsonl"), "utf8")).toBe("precious");
    await expect(output.commit()).rejects.toThrow("was closed already");
  });
});

describe("residual features", () => {
  const photo = fromRoot("examples/photos/cat-eyes.jpg");
  const run = (...args: string[]) => runResidual(["features", ...args, "--model", "tiny", "--device", "wasm"]);

  it("refuses a member of a named folder as the output, before any work", async () => {
    const before = await readFile(at("photos/eyes.jpg"));
    const result = await run(at("photos"), "--format", "jsonl", "-o", at("photos/eyes.jpg"));
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toMatch(/^residual: -o .*eyes\.jpg: is also an input .*\n$/);
    expect(await readFile(at("photos/eyes.jpg"))).toEqual(before);
    expect(await readdir(at("photos"))).toEqual(["eyes.jpg"]);
  });

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
    const weights = pathToFileURL(fromRoot("assets/tiny.safetensors")).href;
    const url = await run(pathToFileURL(photo).href, "--weights", weights, "-o", "-");
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
