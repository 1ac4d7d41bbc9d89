/** Whose lock counts: the living's on this machine, another machine's while it is fresh; and that one which was lost is noticed. */
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { lockFile } from "./node-file-lock.ts";

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residual-lock-"));
  path = join(folder, "a.lock");
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(() => rm(path, { force: true }));

const dead = 2 ** 22 + 1; // above Linux's most
const theirs = (pid: number, host = hostname()): Promise<void> =>
  writeFile(path, JSON.stringify({ pid, host, token: "theirs" }));
const age = (seconds: number) => utimes(path, new Date(), Date.now() / 1000 - seconds);

/** Tries for a moment: whether it was had, and who was in the way. */
async function attempt(): Promise<{ had: boolean; who: string[] }> {
  const who: string[] = [];
  try {
    const lock = await lockFile(path, { signal: AbortSignal.timeout(400), onWait: (one) => who.push(one) });
    await lock.check();
    await lock.release();
    return { had: true, who };
  } catch (error) {
    expect((error as Error).name).toBe("TimeoutError");
    return { had: false, who };
  }
}

test("a free one is had, and nothing stays of it", async () => {
  expect(await attempt()).toEqual({ had: true, who: [] });
  expect(await readdir(folder)).toEqual([]);
});

test("a living process has it, however it is called", async () => {
  await theirs(process.pid);
  expect(await attempt()).toEqual({ had: false, who: [`process ${process.pid}`] });
  await writeFile(path, "being written");
  expect(await attempt()).toEqual({ had: false, who: ["another process"] });
});

test("a dead process has none; another machine's counts while it is fresh", async () => {
  await theirs(dead);
  expect((await attempt()).had).toBe(true);
  await theirs(dead, "elsewhere");
  expect(await attempt()).toEqual({ had: false, who: [`process ${dead} on elsewhere`] });
  await age(3600);
  expect((await attempt()).had).toBe(true);
  expect(await readdir(folder)).toEqual([]);
});

test("of many at once each has it alone", async () => {
  await theirs(dead);
  let inside = 0;
  const work = async (): Promise<void> => {
    const lock = await lockFile(path, { onWait: () => undefined });
    expect(++inside).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    inside--;
    await lock.release();
  };
  await Promise.all(Array.from({ length: 8 }, work));
});

test("who was taken for dead notices", async () => {
  const lock = await lockFile(path, { onWait: () => undefined });
  await theirs(process.pid);
  await expect(lock.check()).rejects.toThrow(/another process has taken over/);
  await lock.release();
  expect(await readdir(folder)).toEqual(["a.lock"]); // theirs
});
