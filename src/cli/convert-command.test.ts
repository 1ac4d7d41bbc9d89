/** `residual convert`, run as a user runs it: what it writes, refuses and leaves behind. */
import { once } from "node:events";
import { copyFile, link, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { tinyWeights, zeroWeights } from "../../test/support/small-weights.ts";
import { runResidual, runScript } from "../../test/support/spawn-residual.ts";
import { openWeights } from "../weights/open-weights.ts";

let folder: string;
let tiny: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residual-convert-"));
  tiny = join(folder, "tiny.safetensors");
  await writeFile(tiny, await tinyWeights({ classes: 4 }));
});
afterAll(() => rm(folder, { recursive: true }));

const convert = (...args: string[]) => runResidual(["convert", ...args], { cwd: folder });

it("writes a file and says what it is; --json says it to programs", async () => {
  const plain = await convert(tiny, "plain.safetensors", "--verify");
  expect(plain).toMatchObject({ code: 0, stdout: "" });
  expect(plain.stderr).toMatch(/^residual: plain\.safetensors: a tiny, \d+ tensors, \d.*, all as they should be\n$/);
  const json = await convert(tiny, "half.safetensors", "--json", "--dtype", "bf16", "--fold-bn", "--quiet");
  expect(JSON.parse(json.stdout)).toMatchObject({
    ...{
      in: tiny,
      out: "half.safetensors",
      model: "tiny",
      names: "torchvision",
      dtype: "bf16",
      folded: true,
      verified: false,
    },
    ...{ tensors: 42, passedOver: 0, notes: [] },
  });
  const file = await openWeights(join(folder, "half.safetensors"));
  expect(file.tensors.get("conv1.bias")!.stored).toBe("BF16");
  await file.close();
  const script = await runScript("tools/convert-pth.ts", [tiny, "-"], { cwd: folder });
  expect(script.stdout.length).toBeGreaterThan(1e5);
  expect(script).toMatchObject({ code: 0, stderr: expect.stringMatching(/^residual: -: a tiny/) });
});

it("refuses with words, and leaves what was there", async () => {
  const there = join(folder, "there.safetensors");
  await writeFile(there, "mine");
  await link(tiny, join(folder, "link.safetensors"));
  await writeFile(join(folder, "note.txt"), "not weights");
  await copyFile(tiny, join(folder, "shard.safetensors"));
  const opened = await openWeights(tiny);
  await opened.close();
  const weightMap = Object.fromEntries([...opened.tensors.keys()].map((name) => [name, "shard.safetensors"]));
  await writeFile(join(folder, "sharded.index.json"), JSON.stringify({ weight_map: weightMap }));
  await writeFile(join(folder, "cut.safetensors"), (await readFile(tiny)).subarray(0, 5000));
  for (const [args, code, message] of [
    [[tiny, there], 2, /there\.safetensors: exists already; --force replaces it/],
    [[tiny, tiny, "--force"], 2, /is also an input .* which would be lost/],
    [[tiny, "link.safetensors", "--force"], 2, /is also an input/],
    [["sharded.index.json", "shard.safetensors", "--force"], 2, /OUT shard\.safetensors: is also an input/],
    [[tiny, ""], 2, /OUT "": is no file to write/],
    [[tiny, "https://example.org/out"], 2, /OUT "https:\/\/example\.org\/out": is no file to write/],
    [["-", "out"], 2, /IN -: .* name a file/],
    [[tiny, "-", "--verify"], 2, /cannot be read back/],
    [[tiny, "out", "--keep-names", "--fold-bn"], 2, /--keep-names: --fold-bn needs to know which network/],
    [[tiny, "out", "--dtype", "f8"], 2, /--dtype f8: there is no such dtype; use f32, f16 or bf16/],
    [[tiny, "out", "--prefix", "module."], 1, /nothing is below "module\."; there are networks below ""/],
    [["nothing.pth", "out"], 1, /nothing\.pth: no such file/],
    [["note.txt", "out"], 1, /note\.txt: not a weight file/],
    [["cut.safetensors", "out"], 1, /cut\.safetensors: truncated/],
    [[tiny, "nowhere/out"], 1, /the folder nowhere does not exist/],
    [[tiny], 2, /missing required argument 'out'/],
  ] as const) {
    const result = await convert(...args);
    expect(result, args.join(" ")).toMatchObject({ code, stdout: "", stderr: expect.stringMatching(message) });
    expect(result.stderr.trim().split("\n"), args.join(" ")).toHaveLength(1);
  }
  expect(await readFile(there, "utf8")).toBe("mine");
  expect((await readdir(folder)).filter((name) => name === "out" || name.endsWith(".tmp"))).toEqual([]);
  expect(await convert(tiny, there, "--force", "--quiet")).toMatchObject({ code: 0, stderr: "" });
  expect((await readFile(there)).length).toBeGreaterThan(1e5);
});

it("Ctrl-C leaves nothing half-written", async () => {
  const source = join(folder, "large.safetensors");
  await writeFile(source, zeroWeights("resnet50"));
  let sent = false;
  const result = await runResidual(["convert", source, "large-out", "--dtype", "f32", "--json"], {
    cwd: folder,
    onStderr: (_, running) => {
      if (!sent) running.kill("SIGINT");
      sent = true;
    },
  });
  expect(result).toMatchObject({
    code: 130,
    stdout: "",
    stderr: expect.stringContaining("interrupted; large-out was not written"),
  });
  expect((await readdir(folder)).filter((name) => name.startsWith("large-out") || name.endsWith(".tmp"))).toEqual([]);
});

it("Ctrl-C does not wait for a server that is silent; without the network an address is refused", async () => {
  let asked: () => void = () => {};
  const server = createServer(() => asked()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const address = `http://127.0.0.1:${port}/x.safetensors`;
  const result = await runResidual(["convert", address, "silent-out"], {
    cwd: folder,
    onStart: (running) => {
      asked = () => running.kill("SIGINT");
    },
  });
  expect(result).toMatchObject({ code: 130, stderr: "residual: interrupted; silent-out was not written\n" });
  const offline = await runResidual(["convert", address, "silent-out"], {
    cwd: folder,
    env: { RESIDUAL_OFFLINE: "1" },
  });
  expect(offline).toMatchObject({ code: 1, stderr: expect.stringContaining(`${address}: is not fetched`) });
  server.close();
});
