/** What a user names, brought to a list of images: folders with everything in them that can go wrong. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromRoot } from "../../test/support/small-weights.ts";
import { describeLeftOut, type LeftOut } from "./left-out.ts";
import type { NamedSource, ReadLater } from "./named-source.ts";
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

describe("folders within folders", () => {
  it("are walked on request, in the order of their names, hidden ones and links to folders left out and counted", async () => {
    for (const name of ["deep/b", "deep/b-c", "deep/.git", "deep/b/inner"]) await mkdir(at(name), { recursive: true });
    const names = ["a.jpg", "b/z.jpg", "b/inner/1.png", "b-c/1.jpg", "c.jpg", ".git/hidden.jpg", "b/notes.txt"];
    for (const name of names) await writeFile(at("deep", name), "");
    await symlink(at("deep"), at("deep/b/circle"));
    await symlink(at("deep/a.jpg"), at("deep/b/link.jpg"));
    const left: LeftOut[] = [];
    const images: string[] = [];
    for await (const image of readImages(at("deep"), { recursive: true, onLeftOut: (one) => left.push(one) }))
      images.push(image.image_path);
    const sorted = ["a.jpg", "b/inner/1.png", "b/link.jpg", "b/z.jpg", "b-c/1.jpg", "c.jpg"];
    expect(images).toEqual(sorted.map((name) => at("deep", name)));
    expect(left).toEqual([{ folder: at("deep"), otherFiles: ["b/notes.txt"], subfolders: ["b/circle"], hidden: 1 }]);
    // A pattern gives the same order.
    expect(await paths(at("deep/{a,b,b-c,c}{,/**}/*.{jpg,png}"))).toEqual(
      ["b/inner/1.png", "b/link.jpg", "b/z.jpg", "b-c/1.jpg"].map((name) => at("deep", name)),
    );
  });
});

describe("a pattern", () => {
  it("matches images, counts what is none, and is a file's name where one is called so", async () => {
    await mkdir(at("globs"));
    for (const name of ["a.jpg", "b.png", "c.txt", "x[1].jpg", "x1.jpg", ".h.jpg"])
      await writeFile(at("globs", name), "");
    const left: LeftOut[] = [];
    expect(await paths(at("globs/*"), (what) => left.push(what))).toEqual(
      ["a.jpg", "b.png", "x1.jpg", "x[1].jpg"].map((name) => at("globs", name)),
    );
    expect(left.map(describeLeftOut)).toEqual([
      `${at("globs/*")}: left out 1 file of another suffix (${at("globs/c.txt")})`,
    ]);
    expect(await paths(at("globs/x[1].jpg"))).toEqual([at("globs/x[1].jpg")]);
    await expect(paths(at("globs/*.gif"))).rejects.toThrow("as a pattern it matches nothing");
    await expect(paths(at("globs/*.txt"))).rejects.toThrow("it matches only 1 file of another suffix");
    // The line of a list is a path, whatever it looks like.
    expect(await paths([{ literalPath: at("globs/*.jpg") }])).toEqual([at("globs/*.jpg")]);
  });
});

describe("an address", () => {
  const photo = new Uint8Array(readFileSync(fromRoot("examples/photos/clock.jpg")));
  let server: Server;
  let base: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url === "/moved.jpg") response.writeHead(302, { location: "/photo.jpg" }).end();
      else if (request.url === "/photo.jpg") response.end(photo);
      else if (request.url === "/huge.jpg") response.writeHead(200, { "content-length": String(2 ** 40) }).write("x");
      else if (request.url === "/torn.jpg") {
        response.writeHead(200, { "content-length": "5000" }).write("x");
        setTimeout(() => response.destroy(), 20);
      } else if (request.url === "/circle") response.writeHead(302, { location: "/circle" }).end();
      else if (request.url === "/never.jpg") response.writeHead(200).write("x");
      else response.writeHead(request.url === "/gone.jpg" ? 410 : 503).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const read = async (source: string | URL, signal?: AbortSignal): Promise<string | number> => {
    const [image] = await listImages(source);
    return (image!.source as ReadLater).read(signal).then(
      (bytes) => bytes.length,
      (error) => `${error.code}: ${error.message}`,
    );
  };

  it("gives its image, redirects followed; what is wrong is that image's error", async () => {
    expect(await read(`${base}/photo.jpg`)).toBe(photo.length);
    expect(await read(new URL("/moved.jpg", base))).toBe(photo.length);
    expect(await read(`data:image/jpeg;base64,${Buffer.from(photo).toString("base64")}`)).toBe(photo.length);
    expect(await read(`${base}/gone.jpg`)).toBe(`not-found: ${base}/gone.jpg: the server answered 410 Gone`);
    expect(await read(`${base}/busy.jpg`)).toBe(
      `not-readable: ${base}/busy.jpg: the server answered 503 Service Unavailable`,
    );
    expect(await read(`${base}/huge.jpg`)).toMatch(/^too-large: .*\/huge\.jpg: is larger than 268435456 bytes/);
    expect(await read(`${base}/torn.jpg`)).toMatch(/^not-readable: .*\/torn\.jpg: could not be fetched \(/);
    expect(await read(`${base}/circle`)).toMatch(/^not-readable: .*: could not be fetched \(redirect count exceeded\)/);
    expect(await read("http://localhost:1/x.jpg")).toMatch(/^not-readable: .*: could not be fetched \(/);
    expect(await read("data:image/jpeg;base64,%%%")).toMatch(/^not-readable: data:image/);
  });

  it("ends at the signal", async () => {
    const [image] = await listImages(`${base}/never.jpg`);
    const abort = new AbortController();
    const reading = (image!.source as ReadLater).read(abort.signal);
    setTimeout(() => abort.abort(new Error("enough")), 50);
    await expect(reading).rejects.toThrow("enough");
  });

  it("has a short name where it is a whole image", async () => {
    expect(await paths(`data:image/png;base64,${"A".repeat(4000)}`)).toEqual([
      `data:image/png;base64,${"A".repeat(38)}…`,
    ]);
  });
});

describe("data://", () => {
  it("leads where the caller says, keeps its name, and is an error where nobody says", async () => {
    await mkdir(at("store/.my/set"), { recursive: true });
    for (const name of ["2.jpg", "1.jpg"]) await writeFile(at("store/.my/set", name), "");
    const names: string[] = [];
    const dataPath = (address: string) => at("store", address.slice("data://".length));
    for await (const image of readImages(["data://.my/set/", "data://.my/set/2.jpg"], { dataPath }))
      names.push(image.image_path);
    expect(names).toEqual(["data://.my/set/1.jpg", "data://.my/set/2.jpg", "data://.my/set/2.jpg"]);
    const [image] = await listImages("data://.my/set");
    expect(image!.source).toMatchObject({ code: "not-found", message: expect.stringContaining("--data DIR") });
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
