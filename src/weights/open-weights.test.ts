import { expect, test } from "vitest";
import { WeightError } from "../errors.ts";
import { bytesSource } from "../platform/byte-source.ts";
import { openWeights } from "./open-weights.ts";
import { writeSafetensors } from "./safetensors-write.ts";

const latin1 = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

test("safetensors is opened whatever its name", async () => {
  const bytes = writeSafetensors(
    [{ name: "fc.bias", dtype: "F32", shape: [2], data: [1, -2] }],
    new Map([["crop", "224"]]),
  );
  for (const name of ["model.pth", "bytes", "x.safetensors"]) {
    const weights = await openWeights(bytesSource(bytes, name));
    expect(weights.source).toBe(name);
    expect(weights.metadata.get("crop")).toBe("224");
    expect([...(await weights.tensors.get("fc.bias")!.read())]).toEqual([1, -2]);
    await weights.close();
  }
});

const tar = new Uint8Array(1024);
tar.set(latin1("ustar"), 257);

// Cut short right after what they are known by: the error is the format's own.
test.each([
  ["a zip file", latin1("PK\x03\x04\x00\x00"), "truncated: a zip file ends with its directory"],
  [
    "the legacy stream",
    latin1("\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."),
    "truncated: ends within the facts of its machine",
  ],
  ["an ONNX model", latin1("\x08\x07\x12\x07pytorch\x1a\x052.1.0:"), "cut off in the model at byte"],
  ["a tar", tar, 'member "" of the tar: its header is damaged'],
])("%s is known by its start, and its faults told", async (_, bytes, message) => {
  let closed = 0;
  const source = { ...bytesSource(bytes, "resnet18.safetensors"), close: async () => void closed++ };
  await expect(openWeights(source)).rejects.toThrow(message);
  expect(closed).toBeGreaterThan(0);
});

test("anything else is told how it starts", async () => {
  await expect(openWeights(bytesSource(latin1("version https://git-lfs"), "a.pth"))).rejects.toThrow(
    new WeightError(
      "weights-format",
      'a.pth: not a weight file: starts with "version https://"; safetensors, PyTorch\'s files and ONNX are read',
    ),
  );
  await expect(openWeights(latin1("\x80\x04\x95\x05"))).rejects.toThrow("it is a pickle, but not one of torch.save");
  await expect(openWeights(latin1("\x1f\x8b\x08\x00"))).rejects.toThrow("it is compressed (gzip); unpack it first");
  await expect(openWeights(new Uint8Array())).rejects.toThrow("bytes: not a weight file: it is empty");
  await expect(openWeights(latin1("{\n\xff"))).rejects.toThrow('starts with "{.."');
  for (const start of ["{\n  ", "\ufeff<!DOCTYPE html>", "no"])
    await expect(openWeights(bytesSource(new TextEncoder().encode(start), "a.safetensors"))).rejects.toThrow(
      "a.safetensors: not a weight file: starts with",
    );
  // By its name it should be one: text is told that it is none, anything else what breaks it.
  await expect(openWeights(bytesSource(latin1("version https"), "a.safetensors"))).rejects.toThrow(
    'not a weight file: starts with "version https"',
  );
  await expect(openWeights(bytesSource(new Uint8Array(16).fill(1), "a.safetensors"))).rejects.toThrow(
    "a safetensors header of",
  );
  await expect(openWeights("no/such/file.safetensors")).rejects.toMatchObject({ code: "weights-missing" });
});

test("a caller's own source may give parts of a larger buffer, but not fewer bytes than were asked for", async () => {
  const file = writeSafetensors([{ name: "fc.bias", dtype: "F32", shape: [2], data: [1, -2] }]);
  const buffer = new Uint8Array(file.length + 16);
  buffer.set(file, 8);
  const source = (cut: number) => ({
    name: "own",
    size: file.length,
    read: async (offset: number, length: number) => buffer.subarray(8 + offset, 8 + offset + length - cut),
    close: async () => undefined,
  });
  const weights = await openWeights(source(0));
  expect(await weights.tensors.get("fc.bias")!.read()).toEqual(Float32Array.of(1, -2));
  await expect(openWeights(source(1))).rejects.toThrow(
    new WeightError(
      "weights-format",
      `own: its read() gave ${file.length - 1} bytes where ${file.length} were asked for`,
    ),
  );
});

test("a signal ends the opening: what is being read is closed, and its reason is the error", async () => {
  const abort = new AbortController();
  let fail: (error: Error) => void = () => {};
  const source = {
    ...bytesSource(new Uint8Array(100), "slow.pth"),
    read: () =>
      new Promise<never>((_, reject) => {
        fail = reject;
      }),
    close: async () => fail(new Error("closed")),
  };
  const opening = openWeights(source, { signal: abort.signal });
  abort.abort(new Error("enough"));
  await expect(opening).rejects.toThrow("enough");
  await expect(openWeights(new Uint8Array(), { signal: AbortSignal.abort(new Error("before")) })).rejects.toThrow(
    "before",
  );
  const inner = bytesSource(writeSafetensors([]), "x.safetensors");
  const late = new AbortController();
  const read = async (offset: number, length: number) => {
    if (offset === 8) late.abort(new Error("late"));
    return inner.read(offset, length);
  };
  await expect(openWeights({ ...inner, read }, { signal: late.signal })).rejects.toThrow("late");
  await expect(inner.read(0, 1)).rejects.toThrow("was closed");
  await expect(openWeights(new Uint8Array(), { signals: 1 } as object)).rejects.toThrow("there is no option signals");
});
