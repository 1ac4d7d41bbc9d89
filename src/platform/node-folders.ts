/** Making a folder with those above it. Node's own `mkdir({ recursive: true })` never returns below a folder like /proc, which takes none. */
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/** Makes the folder at `path`, and those above it that are missing; one that is there is left as it is. Throws the system's error. */
export async function makeFolders(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const above = dirname(path);
    if (code === "ENOENT" && above !== path && !(await isFolder(above))) {
      await makeFolders(above);
      await mkdir(path).catch((second) => orThere(path, second));
    } else await orThere(path, error);
  }
}

/** Whatever the system says of a folder that is there (EEXIST, EROFS, EPERM of a drive), it is there. A file in its place is ENOTDIR. */
async function orThere(path: string, error: unknown): Promise<void> {
  if (await isFolder(path)) return;
  if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  throw Object.assign(new Error(`ENOTDIR: not a directory, mkdir '${path}'`, { cause: error }), { code: "ENOTDIR" });
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
