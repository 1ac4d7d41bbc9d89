/** The pool, with the library's own jobs; what the jobs compute is tested elsewhere. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DeviceError, ImageError } from "../errors.ts";
import { presets } from "../image/preset.ts";
import { WorkerPool } from "./worker-pool.ts";
import { errorFromData, errorToData } from "./worker-protocol.ts";

let pool: WorkerPool;
beforeEach(() => {
  pool = new WorkerPool();
  pool.acquire(2);
});
afterEach(() => pool.release());

const preset = presets["torchvision-v1"];
const pixels = { width: 2, height: 2, data: new Uint8Array(16).fill(128) };
const decode = (image: unknown, name = "an image") => ({
  ...{ job: "image", method: "preprocess", data: { image, preset, name } },
});

describe("calls", () => {
  test("give what the method gives, or its error with class, code and message", async () => {
    const input = await pool.enqueue(() => decode(pixels));
    expect(input).toMatchObject({ shape: [3, 224, 224], dtype: "float32" });
    const error = await pool.send(1, decode(new Uint8Array([1, 2, 3]), "b.jpg")).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ImageError);
    expect(error).toMatchObject({ code: "not-an-image", name: "ImageError" });
    expect((error as Error).message).toMatch(/^b\.jpg: not an image/);
  });

  test("that cannot be cloned, and methods that are not there, are errors and leave the worker as it was", async () => {
    await expect(
      pool.send(
        0,
        decode(() => 1),
      ),
    ).rejects.toThrow(/could not be cloned/);
    await expect(pool.send(0, { job: "image", method: "paint", data: {} })).rejects.toThrow(/no method paint/);
    await expect(pool.send(0, { job: "sculpture", method: "paint", data: {} })).rejects.toThrow(/no job sculpture/);
    expect(await pool.send(0, decode(pixels))).toMatchObject({ shape: [3, 224, 224] });
    expect(pool.generation(0)).toBe(0);
  });

  test("that wait are not begun once their signal is aborted", async () => {
    const abort = new AbortController();
    const under = [0, 1].map(() => pool.enqueue(() => decode(pixels)));
    const waiting = pool.enqueue(() => decode(new Uint8Array([1])), abort.signal);
    abort.abort(new Error("no longer wanted"));
    await expect(waiting).rejects.toThrow("no longer wanted");
    await Promise.all(under);
    expect(await pool.enqueue(() => decode(pixels))).toMatchObject({ shape: [3, 224, 224] });
  });
});

describe("a worker", () => {
  test("that dies is an error of its calls alone, and the next call begins a new one", async () => {
    const other = pool.send(1, decode(pixels));
    await pool.send(0, decode(pixels));
    const lost = pool.send(0, decode(pixels));
    pool.kill(0);
    await expect(lost).rejects.toThrow(DeviceError);
    expect(await other).toMatchObject({ shape: [3, 224, 224] });
    expect(await pool.send(0, decode(pixels))).toMatchObject({ shape: [3, 224, 224] });
    expect([pool.generation(0), pool.generation(1)]).toEqual([1, 0]);
  });

  test("ends with the last that took part; its calls are rejected", async () => {
    pool.acquire(2);
    pool.release();
    expect(await pool.send(0, decode(pixels))).toMatchObject({ dtype: "float32" });
    const call = pool.send(0, decode(pixels));
    pool.release();
    await expect(call).rejects.toThrow(/were ended/);
    expect(pool.size).toBe(0);
    pool.acquire(1);
    expect(await pool.send(0, decode(pixels))).toMatchObject({ dtype: "float32" });
  });
});

test("what waits when the last user goes is rejected, and no worker begins for it", async () => {
  const calls = Array.from({ length: 6 }, () => pool.enqueue(() => decode(pixels)));
  pool.release();
  for (const call of calls) await expect(call).rejects.toThrow(/were ended/);
  expect(pool.size).toBe(0);
  pool.acquire(2);
});

test("a call is made only when a worker is free for it, and an error in its making is its own", async () => {
  let made = 0;
  const calls = Array.from({ length: 5 }, () =>
    pool.enqueue(() => {
      made++;
      return decode(pixels);
    }),
  );
  expect(made).toBe(2);
  const broken = pool.enqueue(() => Promise.reject(new Error("unreadable")));
  await expect(broken).rejects.toThrow("unreadable");
  await Promise.all(calls);
  expect(made).toBe(5);
});

test("errors cross threads with class, code, cause and the place where they were thrown", () => {
  const cause = new RangeError("offset");
  for (const error of [
    new ImageError("truncated", "a.jpg: ends early", { cause }),
    new DeviceError("lost", { cause }),
    new TypeError("no", { cause }),
    new Error("plain", { cause }),
  ]) {
    const back = errorFromData(structuredClone(errorToData(error)));
    expect(back).toEqual(error);
    expect(back.constructor).toBe(error.constructor);
    expect(back.stack).toBe(error.stack);
    expect(back.cause).toBeInstanceOf(RangeError);
  }
  expect(errorFromData(errorToData("text")).message).toBe("text");
});
