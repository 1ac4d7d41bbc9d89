/** Files beyond reading and writing whole: appending, folders. Part of node.ts. */
import { open, rm, stat } from "node:fs/promises";
import { FileError } from "./byte-source.ts";
import { makeFolders } from "./node-folders.ts";
import { writeFailure } from "./node-output.ts";
import type { AppendFile, FileFacts } from "./platform.ts";

export async function fileFacts(path: string): Promise<FileFacts | undefined> {
  try {
    const found = await stat(path);
    return { size: found.size, changed: Math.round(found.mtimeMs) };
  } catch {
    return undefined;
  }
}

export async function openAppend(path: string, keep: number): Promise<AppendFile> {
  try {
    const file = await open(path, keep === 0 ? "wx" : "r+");
    if (keep > 0) await file.truncate(keep);
    let size = keep;
    return {
      async append(bytes) {
        try {
          const now = (await file.stat()).size;
          if (now !== size)
            throw new FileError(
              "not-writable",
              `${path}: was ${size} bytes long and is ${now} now: another process writes to it; let only one run`,
            );
          for (let done = 0; done < bytes.length; )
            done += (await file.write(bytes, done, bytes.length - done, size + done)).bytesWritten;
          size += bytes.length;
        } catch (error) {
          throw writeFailure(path, error);
        }
      },
      async close() {
        await file.sync().catch(() => undefined); // what it could not promise, the next reading checks
        await file.close();
      },
    };
  } catch (error) {
    throw writeFailure(path, error);
  }
}

export async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true }).catch((error) => Promise.reject(writeFailure(path, error)));
}

export async function makeFolder(path: string): Promise<void> {
  await makeFolders(path).catch((error) => Promise.reject(writeFailure(path, error)));
}
