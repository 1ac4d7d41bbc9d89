/** The journal of a run: what was appended comes back, whatever a killed process left behind it. */
import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ResidualError } from "../errors.ts";
import type { FeatureRow } from "./features-of.ts";
import { inspectJournal, JournalWriter, readJournal } from "./row-journal.ts";

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residual-journal-"));
});
afterAll(() => rm(folder, { recursive: true }));

const facts = { model: "tiny", layer: "avgpool" };
const vector = (image_path: string, ...numbers: number[]): FeatureRow => ({
  image_path,
  vector: Float32Array.from(numbers),
});
const failure: FeatureRow = { image_path: "ü\n.jpg", error: new ResidualError("not-found", "ü: not here") };
const first = [vector("a.jpg", 1, -0, Number.MIN_VALUE), failure, vector("b.jpg", 4, 5, 6)];
const second = [failure];

async function rowsOf(name: string): Promise<FeatureRow[][]> {
  const batches: FeatureRow[][] = [];
  for await (const rows of readJournal(at(name))) batches.push([...rows]);
  return batches;
}

it("gives back what was appended, batch by batch, and goes on where it was", async () => {
  const writer = await JournalWriter.create(at("rows"), facts);
  await writer.append(first);
  await writer.close();
  const state = (await inspectJournal(at("rows")))!;
  expect(state).toMatchObject({ facts, rows: 3, failed: 1, width: 3, torn: 0 });
  const again = await JournalWriter.resume(at("rows"), state);
  await again.append(second);
  await again.close();
  expect(await rowsOf("rows")).toEqual([first, second]);
  expect(await inspectJournal(at("rows"))).toMatchObject({ rows: 4, failed: 2, width: 3 });
});

it("keeps the whole records of a file that was cut anywhere", async () => {
  const whole = await readFile(at("rows"));
  const ends = [(await inspectJournal(at("rows")))!.end];
  for (let length = 0; length < whole.length; length += 7) {
    await writeFile(at("cut"), whole);
    await truncate(at("cut"), length);
    const state = await inspectJournal(at("cut"));
    expect([undefined, 0, 3]).toContain(state?.rows);
    if (state) expect(state.end + state.torn).toBe(length);
  }
  expect(ends).toEqual([whole.length]);
  await appendFile(at("rows"), whole.subarray(whole.length - 30)); // half a batch
  const state = (await inspectJournal(at("rows")))!;
  expect(state).toMatchObject({ rows: 4, torn: 30 });
  await (await JournalWriter.resume(at("rows"), state)).close();
  expect(await readFile(at("rows"))).toEqual(whole);
});

it("sees a byte that changed", async () => {
  const bytes = await readFile(at("rows"));
  bytes[bytes.length - 3]! ^= 1;
  await writeFile(at("changed"), bytes);
  expect((await inspectJournal(at("changed")))!.rows).toBe(3);
});

describe("nobody writes over it", () => {
  it("neither a run that begins, nor another process that goes on as well", async () => {
    await expect(JournalWriter.create(at("rows"), facts)).rejects.toThrow("rows");
    const state = (await inspectJournal(at("rows")))!;
    const [one, other] = [await JournalWriter.resume(at("rows"), state), await JournalWriter.resume(at("rows"), state)];
    await one.append(second);
    await expect(other.append(second)).rejects.toThrow("another process writes to it; let only one run");
    await Promise.all([one.close(), other.close()]);
  });

  it("and another file is told apart from one", async () => {
    await writeFile(at("text"), "a file of my own, and longer than a head");
    await expect(inspectJournal(at("text"))).rejects.toThrow("is no journal of a run; move it away");
    expect(await inspectJournal(at("nowhere"))).toBeUndefined();
  });
});

it.runIf(process.platform === "linux")("that cannot be begun leaves no file open", async () => {
  // Facts that make no JSON stand in for a disk that is full: the file is open by then.
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  const opened = async () => (await readdir("/proc/self/fd")).length;
  const before = await opened();
  for (let i = 0; i < 5; i++)
    await expect(JournalWriter.create(at(`never ${i}`), cyclic as Record<string, string>)).rejects.toThrow(/circular/);
  expect(await opened()).toBe(before);
});
