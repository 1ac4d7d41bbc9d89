// What the development dependency @sparticuz/chromium carries, unpacked once: SwiftShader's Vulkan driver (a GPU in
// software, for the WebGPU tests) and a headless Chromium with the shared libraries that a bare system lacks.
// The files lie in node_modules/.cache/residual, keyed by the package's version; a second process that unpacks at the
// same time does no harm, since a folder gets its name only when it is whole. The package's own unpacking is not used:
// it writes to the shared temporary folder without a version and takes whatever lies there.
import { createReadStream, createWriteStream, existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { createBrotliDecompress } from "node:zlib";
import { extract } from "tar-fs";

const cacheFolder = fileURLToPath(new URL("../node_modules/.cache/residual", import.meta.url));

/** The installed package's root folder and version. */
function installed(): { root: string; version: string } {
  const root = fileURLToPath(new URL("../..", import.meta.resolve("@sparticuz/chromium")));
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  return { root, version };
}

/**
 * The folder with libvulkan.so.1 (the loader), libvk_swiftshader.so (the driver) and vk_swiftshader_icd.json (which
 * names the driver to the loader).
 * @throws Error on anything but Linux on x64, the only system that the package has files for
 */
export async function swiftShaderFolder(): Promise<string> {
  return unpackOnce("swiftshader", ["swiftshader.tar.br"]);
}

/** A headless Chromium: its executable, and the environment that it needs where the system lacks its libraries. */
export async function chromium(): Promise<{ executable: string; env: Record<string, string> }> {
  const folder = await unpackOnce("browser", ["chromium.br", "swiftshader.tar.br", "al2023.tar.br", "fonts.tar.br"]);
  const libraries = join(folder, "lib");
  const env = { LD_LIBRARY_PATH: prepended(libraries, process.env.LD_LIBRARY_PATH), FONTCONFIG_PATH: folder };
  return { executable: join(folder, "chromium"), env };
}

/** A search path with `folder` in front of what was there. */
export function prepended(folder: string, path: string | undefined): string {
  return path ? `${folder}:${path}` : folder;
}

async function unpackOnce(name: string, archives: string[]): Promise<string> {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error(
      `@sparticuz/chromium has files for linux-x64 only, and this is ${process.platform}-${process.arch}`,
    );
  }
  const { root, version } = installed();
  const folder = join(cacheFolder, `chromium-${version}`, name);
  if (existsSync(folder)) return folder;

  await mkdir(dirname(folder), { recursive: true });
  const unfinished = await mkdtemp(`${folder}.`);
  try {
    for (const archive of archives) await unpack(join(root, "bin", archive), unfinished);
    await rename(unfinished, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error; // else another process was faster, and its folder is as good
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return folder;
}

/** Unpacks `NAME.tar.br` into `folder`, or `NAME.br` into the executable file `folder/NAME`. */
async function unpack(archive: string, folder: string): Promise<void> {
  const file = archive.slice(archive.lastIndexOf("/") + 1).replace(/\.br$/, "");
  const target = file.endsWith(".tar") ? extract(folder) : createWriteStream(join(folder, file), { mode: 0o755 });
  await pipeline(createReadStream(archive), createBrotliDecompress({ chunkSize: 1 << 20 }), target);
}
