/**
 * A lock between processes: a file that says whose it is, touched every few seconds while it is held. It is taken over where its process is
 * dead, or where it was not touched for a minute: processes of another machine cannot be asked, and a number may be another process's by
 * now. Whoever held it and only slept is told by `check`. Part of node.ts.
 */
import { randomUUID } from "node:crypto";
import * as fs from "node:fs/promises";
import { hostname } from "node:os";
import { FileError } from "./byte-source.ts";
import type { FileLock } from "./file-store.ts";
import { pause } from "./http.ts";
import { writeFailure } from "./node-output.ts";

const touchedEvery = 5_000;
const deadAfter = 60_000;
const askedEvery = 250;
const guardedAtMost = 10_000;

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** Tells two holders apart that have one process number. */
  readonly token: string;
}

/** Waits until the lock is ours. Throws FileError where no file can be made there, the signal's reason. */
export async function lockFile(
  path: string,
  { signal, onWait }: { readonly signal?: AbortSignal; onWait(who: string): void },
): Promise<FileLock> {
  const owner: Owner = { pid: process.pid, host: hostname(), token: randomUUID() };
  let said = false;
  for (;;) {
    signal?.throwIfAborted();
    if (await create(path, owner)) return held(path, owner);
    const found = await read(path);
    if (found && (await isDead(found))) await takeAway(path);
    else if (found) {
      if (!said) onWait(found.owner ? `process ${found.owner.pid}${elsewhere(found.owner)}` : "another process");
      said = true;
      await pause(askedEvery, signal);
    }
  }
}

function elsewhere({ host }: Owner): string {
  return host === hostname() ? "" : ` on ${host}`;
}

/** Whole or not at all: written beside, then linked to its name, which fails where the name is taken. */
async function create(path: string, owner: Owner): Promise<boolean> {
  const own = `${path}.${owner.token}`;
  try {
    await fs.writeFile(own, JSON.stringify(owner), { flag: "wx" });
    await fs.link(own, path);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "EEXIST") return false;
    if (code === "EPERM" || code === "ENOTSUP" || code === "EOPNOTSUPP" || code === "ENOSYS")
      return createPlain(path, owner);
    throw writeFailure(path, error);
  } finally {
    await fs.unlink(own).catch(() => {});
  }
}

/** Where there are no links (FAT): the file is there a moment before its text. */
async function createPlain(path: string, owner: Owner): Promise<boolean> {
  try {
    await fs.writeFile(path, JSON.stringify(owner), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw writeFailure(path, error);
  }
}

interface Found {
  readonly owner: Owner | undefined;
  /** Milliseconds since it was touched. */
  readonly age: number;
}

async function read(path: string): Promise<Found | undefined> {
  try {
    const [text, { mtimeMs }] = await Promise.all([fs.readFile(path, "utf8"), fs.stat(path)]);
    return { owner: ownerOf(text), age: Date.now() - mtimeMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined; // released meanwhile
    throw writeFailure(path, error);
  }
}

function ownerOf(text: string): Owner | undefined {
  try {
    const { pid, host, token } = JSON.parse(text);
    return Number.isSafeInteger(pid) && pid > 0 && typeof host === "string" ? { pid, host, token } : undefined;
  } catch {
    return undefined;
  }
}

async function isDead({ owner, age }: Found): Promise<boolean> {
  if (age > deadAfter) return true;
  if (!owner || owner.host !== hostname()) return false;
  try {
    process.kill(owner.pid, 0); // asks only
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

/**
 * Removes the lock of the dead. By one process at a time, which looks again: otherwise two could find the same dead one, and the slower would
 * remove what the faster has made in its place.
 */
async function takeAway(path: string): Promise<void> {
  const guard = `${path}.guard`;
  try {
    await fs.mkdir(guard);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw writeFailure(guard, error);
    const since = await fs.stat(guard).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (since > guardedAtMost) await fs.rmdir(guard).catch(() => {}); // died in these few lines
    return pause(10, undefined);
  }
  try {
    const found = await read(path);
    if (found && (await isDead(found))) await fs.unlink(path).catch(() => {});
  } finally {
    await fs.rmdir(guard).catch(() => {});
  }
}

function held(path: string, { token }: Owner): FileLock {
  const isOurs = async (): Promise<boolean> => (await read(path))?.owner?.token === token;
  const timer = setInterval(() => {
    const now = new Date();
    fs.utimes(path, now, now).catch(() => {}); // `check` says what has become of it
  }, touchedEvery);
  timer.unref();
  return {
    async check() {
      if (await isOurs()) return;
      throw new FileError(
        "not-writable",
        `${path}: another process has taken over, since this one slept for long; run it again`,
      );
    },
    async release() {
      clearInterval(timer);
      if (await isOurs().catch(() => false)) await fs.unlink(path).catch(() => {});
    },
  };
}
