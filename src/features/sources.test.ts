/** What a user names, brought to a list of images: folders with everything in them that can go wrong. */
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeLeftOut, type LeftOut } from "./left-out.ts";
import type { NamedSource } from "./named-source.ts";
import { type AnySourceList, readImages } from "./sources.ts";

let root: string;
const at = (...parts: string[]) => join(root, ...parts);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "residual sources-"));
  for (const folder of ["photos", "photos/inner", "photos/folder.jpg", "empty", "texts", "texts/inner"])
    await mkdir(at(folder));
  for (const file of ["b.jpg", "a.PNG", "line\nbreak.webp", " space.gif", "c.JFIF", "notes.txt", "jpg", ".hidden.jpg"])
    await writeFile(at("photos", file), "");
  await symlink(at("photos/nowhere"), at("photos/broken.jpeg"));
  await symlink(at("photos/b.jpg"), at("photos/link.jpg"));
  await symlink(at("loop.jpg"), at("loop.jpg"));
  execFileSync("mkfifo", [at("photos/pipe.png")]);
  await writeFile(at("texts/notes.txt"), "");
});
afterAll(() => rm(root, { recursive: true }));

async function listImages(sources: AnySourceList, onLeftOut?: (left: LeftOut) => void): Promise<NamedSource[]> {
  const images: NamedSource[] = [];
  for await (const image of readImages(sources, { onLeftOut })) images.push(image);
  return images;
}

const paths = async (...list: Parameters<typeof listImages>) => (await listImages(...list)).map((i) => i.image_path);

describe("a folder", () => {
  it("gives its images by name, and those that cannot be read among them; says what it left out", async () => {
    const left: LeftOut[] = [];
    const names = [" space.gif", "a.PNG", "b.jpg", "broken.jpeg", "c.JFIF", "line\nbreak.webp", "link.jpg", "pipe.png"];
    expect(await paths(at("photos"), (what) => left.push(what))).toEqual(names.map((name) => at("photos", name)));
    expect(left).toEqual([
      {
        folder: at("photos"),
        otherFiles: ["jpg", "notes.txt"],
        subfolders: ["folder.jpg", "inner"],
        hidden: 1,
      },
    ]);
    expect(describeLeftOut(left[0]!)).toBe(
      `${at("photos")}: left out 2 files of another suffix (jpg, notes.txt), 2 subfolders (folder.jpg, inner), 1 hidden`,
    );
  });

  it("without images is an error that says what is there", async () => {
    await expect(listImages(at("empty"))).rejects.toMatchObject({
      ...{ name: "ImageError", code: "not-found" },
      message: `${at("empty")}: a folder without images; JPEG, PNG, WebP and GIF files are taken, by their suffix`,
    });
    await expect(listImages([at("photos/b.jpg"), at("texts")])).rejects.toThrow(
      "by their suffix, and not 1 file of another suffix (notes.txt), 1 subfolder (inner)",
    );
  });
});

describe("a list", () => {
  it("keeps its order, and what stands twice stands twice", async () => {
    const list = [at("photos/b.jpg"), at("photos/a.PNG"), at("photos/b.jpg")];
    expect(await paths(list)).toEqual(list);
  });

  it("keeps what is missing or cannot be looked at: that is the image's error, later", async () => {
    const list = [at("nowhere.jpg"), at("loop.jpg"), at("photos/b.jpg/inside.jpg"), ""];
    expect(await paths(list)).toEqual(list);
  });

  it("names images in memory by what they are called, else by their place", async () => {
    const sources = [
      new Uint8Array(1),
      new File([], "named.jpg"),
      new Blob([]),
      new URL("file:///a.jpg"),
      { width: 1, height: 1, data: new Uint8Array(4) },
    ];
    expect(await paths(sources)).toEqual(["image 0", "named.jpg", "image 2", "file:///a.jpg", "image 4"]);
    expect(await paths(new Uint8Array(1))).toEqual(["image 0"]);
  });

  it("of nothing is refused", async () => {
    await expect(listImages([])).rejects.toThrow("no images were named; name a file, a folder, or a list of them");
  });
});
