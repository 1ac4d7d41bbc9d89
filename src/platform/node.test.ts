import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OptionError, UnsupportedError } from "../errors.ts";
import { FileError } from "./byte-source.ts";
import * as node from "./node.ts";
import type { Platform } from "./platform.ts";

// Both runtimes must have all of the interface: the compiler names what is missing.
node satisfies Platform;

let folder: string;
const bytes = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7) % 251);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residual-platform-"));
  await writeFile(join(folder, "data.bin"), bytes);
});
afterAll(() => rm(folder, { recursive: true }));

async function failure(promise: Promise<unknown>): Promise<FileError> {
  const error = await promise.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(FileError);
  return error as FileError;
}

describe("reading", () => {
  test("every kind of source gives the same ranges, each fresh and at its buffer's start", async () => {
    const path = join(folder, "data.bin");
    const padded = new Uint8Array(1010);
    padded.set(bytes, 5);
    const sources = [path, pathToFileURL(path), bytes, padded.subarray(5, 1005), bytes.buffer, new Blob([bytes])];
    for (const source of sources) {
      const opened = await node.openBytes(source);
      expect(opened.size).toBe(1000);
      for (const [offset, length] of [
        [0, 1000],
        [3, 8],
        [999, 1],
        [1000, 0],
      ] as const) {
        const part = await opened.read(offset, length);
        expect(part).toEqual(bytes.slice(offset, offset + length));
        expect(part.byteOffset).toBe(0);
        expect(part.buffer.byteLength).toBe(length);
        part.fill(255);
      }
      expect(await opened.read(3, 8)).toEqual(bytes.slice(3, 11));
      await opened.close();
      expect(await node.readBytes(source)).toEqual(bytes);
    }
    expect(await readFile(path)).toEqual(Buffer.from(bytes));
  });

  test("names are what a person would call the source", async () => {
    const path = join(folder, "data.bin");
    expect((await node.openBytes(pathToFileURL(path))).name).toBe(path);
    expect((await node.openBytes(bytes)).name).toBe("bytes");
    expect((await node.openBytes(new Blob([]))).name).toBe("blob");
    expect((await node.openBytes(new File([], "cat.jpg"))).name).toBe("cat.jpg");
  });

  test("a missing file, a folder and a device are errors that name the path", async () => {
    const missing = join(folder, "no.bin");
    expect(await failure(node.openBytes(missing))).toMatchObject({
      code: "not-found",
      message: `${missing}: no such file or folder`,
    });
    expect((await failure(node.openBytes(join(folder, "data.bin", "x")))).code).toBe("not-found");
    expect((await failure(node.openBytes(""))).message).toContain("(an empty path)");
    expect(await failure(node.openBytes(folder))).toMatchObject({
      code: "not-readable",
      message: `${folder}: is a folder, not a file`,
    });
    expect((await failure(node.openBytes("/dev/null"))).message).toContain("not a regular file");
    expect((await failure(node.openBytes("a\0b"))).code).toBe("not-readable");
  });

  const isRoot = process.getuid?.() === 0;
  if (isRoot) console.warn("skipped: what a file without permission says, since root may read every file");
  test.skipIf(isRoot)("without permission it says so", async () => {
    const path = join(folder, "secret.bin");
    await writeFile(path, "x");
    await chmod(path, 0);
    expect((await failure(node.openBytes(path))).message).toBe(`${path}: no permission to read it`);
  });

  test("URLs that cannot be read are refused with what would be right", async () => {
    await expect(node.openBytes(new URL("ftp://example.org/a.jpg"))).rejects.toThrow(UnsupportedError);
    await expect(node.openBytes("ftp://example.org/a.jpg")).rejects.toThrow(/a string is a path.*download it/);
    await expect(node.openBytes("https://example.org/a.jpg")).rejects.toThrow(/a string is a path.*URL object/);
    await expect(node.openBytes("file:///a.jpg")).rejects.toThrow(/URL object/);
    expect((await failure(node.openBytes(new URL("file://host/a%2Fb")))).code).toBe("not-found");
    const wrongs: unknown[] = [undefined, null, 7, {}, new Uint16Array(2)];
    for (const wrong of wrongs) {
      await expect(node.openBytes(wrong as string)).rejects.toThrow(OptionError);
    }
  });

  test("reads outside, after close and of a file cut meanwhile fail", async () => {
    const path = join(folder, "cut.bin");
    await writeFile(path, bytes);
    const opened = await node.openBytes(path);
    for (const [offset, length] of [
      [0, 1001],
      [1001, 0],
      [-1, 2],
      [0.5, 1],
      [2 ** 53, 1],
    ] as const) {
      expect((await failure(opened.read(offset, length))).code).toBe("truncated");
    }
    await truncate(path, 600);
    expect(await failure(opened.read(500, 200))).toMatchObject({
      code: "truncated",
      message: `${path}: ended at byte 600, 200 were wanted from byte 500`,
    });
    await opened.close();
    await opened.close();
    expect((await failure(opened.read(0, 1))).message).toContain("was closed");
    const memory = await node.openBytes(bytes);
    await memory.close();
    expect((await failure(memory.read(0, 1))).message).toContain("was closed");
  });
});

describe("folders", () => {
  test("are made with those above them, and one that is there is left", async () => {
    const deep = join(folder, "made", "by", "us");
    for (let i = 0; i < 2; i++) await node.makeFolder(deep);
    expect((await stat(deep)).isDirectory()).toBe(true);
    await writeFile(join(deep, "file"), "");
    for (const path of [join(deep, "file"), join(deep, "file", "in")])
      expect((await failure(node.makeFolder(path))).message).toContain("is a file, not a folder");
  });

  test.runIf(process.platform === "linux")(
    "below /proc, which takes none, are an error and no endless try",
    async () => {
      for (const path of ["/proc/residual-test", "/proc/residual-test/inner"])
        expect((await failure(node.makeFolder(path))).message).toMatch(/^\/proc\/residual-test.*ENOENT|does not exist/);
    },
  );

  test("entries are sorted by code unit, with their kinds and links", async () => {
    const inner = join(folder, "list");
    await mkdir(join(inner, "sub"), { recursive: true });
    for (const name of ["b", "B", "a", "ä"]) await writeFile(join(inner, name), "");
    await symlink("sub", join(inner, "to-sub"));
    await symlink("a", join(inner, "to-a"));
    await symlink("nowhere", join(inner, "to-nowhere"));
    const entries = await node.listFolder(inner);
    expect(entries.map((e) => [e.name, e.kind, e.link])).toEqual([
      ["B", "file", false],
      ["a", "file", false],
      ["b", "file", false],
      ["sub", "folder", false],
      ["to-a", "file", true],
      ["to-nowhere", "other", true],
      ["to-sub", "folder", true],
      ["ä", "file", false],
    ]);
    expect(entries[0]!.path).toBe(join(inner, "B"));
    expect((await failure(node.listFolder(join(inner, "a")))).code).toBe("not-found");
    expect((await failure(node.listFolder(join(inner, "no")))).code).toBe("not-found");
  });

  test("pathKind", async () => {
    expect(await node.pathKind(folder)).toBe("folder");
    expect(await node.pathKind(join(folder, "data.bin"))).toBe("file");
    expect(await node.pathKind("/dev/null")).toBe("other");
    expect(await node.pathKind(join(folder, "no"))).toBeUndefined();
  });
});

describe("output", () => {
  test("nothing is seen before commit, and an old file stays until then", async () => {
    const inner = join(folder, "out");
    await mkdir(inner);
    const path = join(inner, "vectors.jsonl");
    await writeFile(path, "old");
    await chmod(path, 0o640);
    const output = await node.openOutput(path);
    await output.write("é ");
    await output.write(new Uint8Array([110, 101, 119]));
    expect(await readFile(path, "utf8")).toBe("old");
    await output.commit();
    expect(await readFile(path, "utf8")).toBe("é new");
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    await output.discard();
    expect(await readdir(inner)).toEqual(["vectors.jsonl"]);
    expect((await failure(output.write("x"))).code).toBe("not-writable");
  });

  test("discard leaves what was there", async () => {
    const inner = join(folder, "discard");
    await mkdir(inner);
    const path = join(inner, "a");
    const output = await node.openOutput(path);
    await output.write("half");
    await output.discard();
    expect(await readdir(inner)).toEqual([]);
    await expect(output.commit()).rejects.toThrow(FileError);
  });

  test("a link's target is written and the link stays", async () => {
    const inner = join(folder, "links");
    await mkdir(inner);
    await writeFile(join(inner, "real"), "old");
    await symlink("real", join(inner, "link"));
    const output = await node.openOutput(join(inner, "link"));
    await output.write("new");
    await output.commit();
    expect(await readFile(join(inner, "real"), "utf8")).toBe("new");
    expect((await readdir(inner, { withFileTypes: true })).map((e) => e.isSymbolicLink())).toEqual([true, false]);
  });

  test("devices are written straight; folders and missing folders are refused at once", async () => {
    const output = await node.openOutput("/dev/null");
    await output.write("gone");
    await output.commit();
    expect(await node.pathKind("/dev/null")).toBe("other");
    expect((await failure(node.openOutput(folder))).message).toBe(`${folder}: is a folder; name a file`);
    const path = join(folder, "none", "a.jsonl");
    expect((await failure(node.openOutput(path))).message).toBe(
      `${path}: the folder ${join(folder, "none")} does not exist; make it first`,
    );
  });
});

describe("packages", () => {
  test("a file of an installed package, and of our own assets", async () => {
    const wasm = await node.readPackageFile("@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm");
    expect([...wasm.subarray(0, 4)]).toEqual([0, 0x61, 0x73, 0x6d]);
    const ours = await node.packageAsset("../package.json");
    expect(JSON.parse(new TextDecoder().decode(await ours.read(0, ours.size))).name).toBe("residual");
  });

  test("missing ones are errors that name them", async () => {
    const missing = "@jsquash/no-such-package/a.wasm";
    expect((await failure(node.readPackageFile(missing))).message).toBe(
      `${missing}: its package is not installed; run npm install`,
    );
    expect((await failure(node.readPackageFile("@jsquash/jpeg/no.wasm"))).code).toBe("not-found");
    expect((await failure(node.packageAsset("no.safetensors"))).message).toMatch(
      /assets.no\.safetensors: no such file/,
    );
  });
});
