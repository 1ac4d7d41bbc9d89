/** Images in zip and tar archives, and what a hostile one may hold: each thing is one image's error, and costs nothing else. */
import { execFileSync } from "node:child_process";
import { link, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { configure, Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from "@zip.js/zip.js/index-native.js";
import { packTar } from "modern-tar";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromRoot } from "../../test/support/small-weights.ts";
import { archiveKind, imagesInArchive } from "./archives.ts";
import { describeLeftOut, type LeftOut } from "./left-out.ts";
import { readImages } from "./sources.ts";

configure({ useWebWorkers: false });
let folder: string;
const at = (name: string) => join(folder, name);
let photo: Uint8Array;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residual archives-"));
  photo = new Uint8Array(await readFile(fromRoot("examples/photos/clock.jpg")));
});
afterAll(() => rm(folder, { recursive: true }));

type Files = readonly (readonly [name: string, content: Uint8Array, options?: object])[];

async function zipOf(files: Files): Promise<Uint8Array> {
  const writer = new ZipWriter(new Uint8ArrayWriter());
  for (const [name, content, options] of files) await writer.add(name, new Uint8ArrayReader(content), options);
  return writer.close();
}

/** Name and bytes' length, or the error's code and message, of each image of an archive. */
async function found(name: string): Promise<{ images: [string, string | number][]; left: string[] }> {
  const images: [string, string | number][] = [];
  const left: LeftOut[] = [];
  for await (const { image_path, source } of imagesInArchive(at(name), archiveKind(name)!, {
    name,
    onLeftOut: (one) => left.push(one),
  })) {
    const bytes = await (async () => {
      if (source instanceof Error) throw source;
      return typeof source === "object" && "read" in source ? source.read() : (source as Uint8Array);
    })().catch((error) => `${error.code}: ${error.message}`);
    images.push([image_path, typeof bytes === "string" ? bytes : bytes.length]);
  }
  return { images, left: left.map(describeLeftOut) };
}

describe("a zip", () => {
  it("gives its images sorted by name, stored or packed; what is none or hidden is counted", async () => {
    const files: Files = [
      ["b/2.jpg", photo],
      ["b/10.jpg", photo, { level: 0 }],
      ["a.PNG", photo, { zip64: true }],
      ["b/notes.txt", photo],
      ["__MACOSX/b/._2.jpg", photo],
      ["b/.hidden.jpg", photo],
    ];
    await writeFile(at("good.zip"), await zipOf(files));
    const size = photo.length;
    expect(await found("good.zip")).toEqual({
      images: [
        ["good.zip/a.PNG", size],
        ["good.zip/b/10.jpg", size],
        ["good.zip/b/2.jpg", size],
      ],
      left: ["good.zip: left out 1 file of another suffix (b/notes.txt), 2 hidden"],
    });
  });

  it("refuses names that lead out, encrypted entries, broken ones, and bombs, each as an error of its own", async () => {
    const files: Files = [
      ["../up.jpg", photo],
      ["/root.jpg", photo],
      ["C:\\windows.jpg", photo],
      ["a/../../b.jpg", photo],
      ["bomb.jpg", photo],
      ["good.jpg", photo],
      ["secret.jpg", photo, { password: "x", zipCrypto: true }],
      ["torn.jpg", photo, { level: 0 }],
    ];
    const bytes = await zipOf(
      files.map(([name, ...rest]) => [name.replaceAll("\\", "_").replace(/^\//, "_"), ...rest] as const),
    );
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    for (const [from, to] of [
      ["C:_windows.jpg", "C:\\windows.jpg"],
      ["_root.jpg", "/root.jpg"],
    ] as const)
      for (let i = text.indexOf(from); i >= 0; i = text.indexOf(from)) text.write(to, i, "latin1");
    text.writeUInt32LE(2 ** 28 + 1, text.lastIndexOf("bomb.jpg") - 46 + 24); // the directory's size of it
    const torn = text.indexOf("torn.jpg");
    text.writeUInt8(text.readUInt8(torn + 500) ^ 1, torn + 500);
    await writeFile(at("bad.zip"), text);
    const { images } = await found("bad.zip");
    expect(images.map(([name, what]) => [name.replace("bad.zip/", ""), what])).toEqual([
      ["/root.jpg", "unsupported: bad.zip//root.jpg: a name that leads out of its archive; it is not read"],
      ["../up.jpg", "unsupported: bad.zip/../up.jpg: a name that leads out of its archive; it is not read"],
      ["C:\\windows.jpg", "unsupported: bad.zip/C:\\windows.jpg: a name that leads out of its archive; it is not read"],
      ["a/../../b.jpg", "unsupported: bad.zip/a/../../b.jpg: a name that leads out of its archive; it is not read"],
      ["bomb.jpg", "too-large: bad.zip/bomb.jpg: unpacks to more than 256.0 MiB; no image is that large"],
      ["good.jpg", photo.length],
      ["secret.jpg", "unsupported: bad.zip/secret.jpg: is encrypted; unpack the archive with its password"],
      ["torn.jpg", expect.stringMatching(/^corrupt: bad\.zip\/torn\.jpg: cannot be unpacked \(.*(CRC|signature)/i)],
    ]);
  });

  it("that lies about a size, is cut, or is none at all is an error", async () => {
    const bytes = await zipOf([["a.jpg", new Uint8Array(100_000)]]);
    const lie = Buffer.from(bytes);
    const central = lie.lastIndexOf("PK\x01\x02");
    lie.writeUInt32LE(50, central + 24); // 50 bytes, says the directory
    await writeFile(at("lie.zip"), lie);
    await writeFile(at("cut.zip"), bytes.subarray(0, bytes.length - 30));
    await writeFile(at("text.zip"), "The quick brown fox");
    await writeFile(at("empty.zip"), await zipOf([]));
    expect((await found("lie.zip")).images).toEqual([
      ["lie.zip/a.jpg", expect.stringMatching(/^corrupt: lie\.zip\/a\.jpg: /)],
    ]);
    for (const name of ["cut.zip", "text.zip"])
      expect((await found(name)).images).toEqual([
        [name, expect.stringMatching(/^corrupt: .*: the archive cannot be read on/)],
      ]);
    expect((await found("empty.zip")).images).toEqual([
      ["empty.zip", expect.stringMatching(/^not-found: .* without images/)],
    ]);
  });
});

describe("a tar", () => {
  it("gives its images in its own order, gzipped or not, as GNU tar and others write them", async () => {
    const long = `${"deep/".repeat(30)}long name.jpg`;
    const body = photo;
    const tar = await packTar([
      { header: { name: "z.jpg", size: body.length }, body },
      { header: { name: "dir/", size: 0, type: "directory" } },
      { header: { name: "dir/notes.txt", size: 5 }, body: "hello" },
      { header: { name: long, size: body.length }, body },
      { header: { name: "./a.jpg", size: body.length }, body },
    ]);
    await writeFile(at("good.tar"), tar);
    await writeFile(at("good.tgz"), gzipSync(tar));
    for (const name of ["good.tar", "good.tgz"])
      expect(await found(name)).toEqual({
        images: [
          [`${name}/z.jpg`, body.length],
          [`${name}/${long}`, body.length],
          [`${name}/a.jpg`, body.length],
        ],
        left: [`${name}: left out 1 file of another suffix (dir/notes.txt)`],
      });
    await mkdir(at("tree"));
    await writeFile(at("tree/1.jpg"), photo);
    execFileSync("tar", ["-cf", at("system.tar"), "-C", folder, "tree"]);
    expect((await found("system.tar")).images).toEqual([["system.tar/tree/1.jpg", photo.length]]);
  });

  it("refuses links and names that lead out, and reads on", async () => {
    await mkdir(at("links"));
    await writeFile(at("links/1.jpg"), photo);
    await link(at("links/1.jpg"), at("links/2.jpg"));
    await symlink("/etc/passwd", at("links/3.jpg"));
    await writeFile(at("links/4.jpg"), photo);
    execFileSync("tar", ["-cf", at("links.tar"), "-C", folder, ...[1, 2, 3, 4].map((i) => `links/${i}.jpg`)]);
    expect((await found("links.tar")).images).toEqual([
      ["links.tar/links/1.jpg", photo.length],
      [
        "links.tar/links/2.jpg",
        "unsupported: links.tar/links/2.jpg: is a link and no file; pack what it leads to (tar -h)",
      ],
      [
        "links.tar/links/3.jpg",
        "unsupported: links.tar/links/3.jpg: is a symlink and no file; pack what it leads to (tar -h)",
      ],
      ["links.tar/links/4.jpg", photo.length],
    ]);
    const tar = await packTar([
      { header: { name: "../up.jpg", size: photo.length }, body: photo },
      { header: { name: "good.jpg", size: photo.length }, body: photo },
    ]);
    await writeFile(at("up.tar"), tar);
    expect((await found("up.tar")).images).toEqual([
      ["up.tar/../up.jpg", "unsupported: up.tar/../up.jpg: a name that leads out of its archive; it is not read"],
      ["up.tar/good.jpg", photo.length],
    ]);
  });

  it("that is cut, or no gzip, gives what comes before, and an error", async () => {
    const tar = await packTar([
      { header: { name: "1.jpg", size: photo.length }, body: photo },
      { header: { name: "2.jpg", size: photo.length }, body: photo },
    ]);
    await writeFile(at("cut.tar"), tar.subarray(0, 8192));
    await writeFile(at("cut.tgz"), gzipSync(tar).subarray(0, 5000));
    await writeFile(at("no.tgz"), tar);
    expect(gunzipSync(gzipSync(tar)).length).toBe(tar.length);
    expect((await found("cut.tar")).images).toEqual([
      ["cut.tar/1.jpg", photo.length],
      ["cut.tar", expect.stringMatching(/^corrupt: cut\.tar: the archive cannot be read on/)],
    ]);
    for (const name of ["cut.tgz", "no.tgz"])
      expect((await found(name)).images.at(-1)).toEqual([name, expect.stringMatching(/^corrupt: .* on \([^)]+\)$/)]);
    expect((await found("no.tgz")).images).toHaveLength(1);
  });
});

it("archives are inputs by their name: as paths, in patterns, as Blobs; one that is missing is an image's error", async () => {
  await writeFile(at("in.zip"), await zipOf([["a.jpg", photo]]));
  const names = async (...sources: Parameters<typeof readImages>[0][]): Promise<string[]> => {
    const list: string[] = [];
    for (const source of sources) for await (const image of readImages(source)) list.push(image.image_path);
    return list;
  };
  const file = new File([new Uint8Array(await readFile(at("in.zip")))], "upload.zip");
  expect(await names(at("in.zip"), [at("nowhere.zip")], at("i*.zip"), file)).toEqual([
    at("in.zip/a.jpg"),
    at("nowhere.zip"),
    at("in.zip/a.jpg"),
    "upload.zip/a.jpg",
  ]);
});
