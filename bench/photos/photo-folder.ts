/** Folders of photos for the benchmark. */
import { execFile } from "node:child_process";
import { mkdir, readdir, symlink } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** `count` JPEG photos of 1 to 12 megapixels in `folder`; `python` has Pillow and NumPy. */
export async function makePhotos(python: string, folder: string, count: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  await promisify(execFile)(python, [fileURLToPath(new URL("make_photos.py", import.meta.url)), folder, String(count)]);
}

/** `count` links in `folder` to the files of `photos`, over and over. */
export async function linkPhotos(photos: string, folder: string, count: number): Promise<void> {
  await mkdir(folder);
  const files = (await readdir(photos)).sort();
  if (files.length === 0) throw new Error(`${photos} has no photos`);
  for (let i = 0; i < count; i++) {
    const file = files[i % files.length]!;
    await symlink(join(photos, file), join(folder, `${String(i).padStart(6, "0")}${extname(file)}`));
  }
}
