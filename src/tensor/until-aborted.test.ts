/** Waiting that ends when its signal does. */
import { expect, test, vi } from "vitest";
import { untilAborted } from "./until-aborted.ts";

const never = new Promise<string>(() => {});
const later = () => new Promise<void>((resolve) => setTimeout(resolve, 1));

test("gives what the promise gives, or its error, and lets go of the signal", async () => {
  const { signal } = new AbortController();
  const [added, removed] = [vi.spyOn(signal, "addEventListener"), vi.spyOn(signal, "removeEventListener")];
  const error = new Error("broken");
  expect(await untilAborted(Promise.resolve("done"), signal)).toBe("done");
  await expect(untilAborted(Promise.reject(error), signal)).rejects.toBe(error);
  expect(removed.mock.calls.map(([, listener]) => listener)).toEqual(added.mock.calls.map(([, listener]) => listener));
  expect(added).toHaveBeenCalledTimes(2);
  expect(await untilAborted(Promise.resolve("without"), undefined)).toBe("without");
});

test("ends with the signal's reason, also where it was aborted before", async () => {
  const abort = new AbortController();
  const reason = new Error("enough");
  const waiting = untilAborted(never, abort.signal);
  abort.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  await expect(untilAborted(never, abort.signal)).rejects.toBe(reason);
  await expect(untilAborted(Promise.resolve("done"), abort.signal)).rejects.toBe(reason);
});

test("a promise that fails after its waiter has gone is no unhandled rejection", async () => {
  const unhandled = vi.fn();
  process.on("unhandledRejection", unhandled);
  const abort = new AbortController();
  let fail: (error: Error) => void = () => {};
  const waiting = untilAborted(
    new Promise<void>((_, reject) => {
      fail = reject;
    }),
    abort.signal,
  );
  abort.abort();
  await expect(waiting).rejects.toThrow(/abort/i);
  fail(new Error("too late"));
  await later();
  process.off("unhandledRejection", unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});
