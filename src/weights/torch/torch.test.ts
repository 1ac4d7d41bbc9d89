/**
 * PyTorch's files, against torch.save itself: test/golden/torch has files of every container and, by safetensors, the bytes of their tensors
 * (tools/golden/torch_files.py). What breaks the formats' rules is in torch-breaches.test.ts.
 */
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { bytesSource } from "../../platform/byte-source.ts";
import { openWeights } from "../open-weights.ts";
import { openSafetensors } from "../safetensors.ts";
import type { StoredTensor } from "../weight-file.ts";

const golden = new URL("../../../test/golden/torch/", import.meta.url);

/** Every tensor of the file has the type, the shape and the bytes of the one in the safetensors file. */
async function expectSame(name: string, expected: string): Promise<void> {
  const [file, right] = [
    await openWeights(new URL(`${name}.pth`, golden)),
    await openSafetensors(new URL(`${expected}.safetensors`, golden)),
  ];
  expect([...file.tensors.keys()].sort()).toEqual([...right.tensors.keys()].sort());
  for (const [key, tensor] of right.tensors) {
    const own = file.tensors.get(key)!;
    // safetensors has no complex128: its real and imaginary parts stand side by side.
    if (own.stored === "C128") expect([...own.shape, 2], key).toEqual(tensor.shape);
    else expect({ stored: own.stored, shape: own.shape }, key).toEqual({ stored: tensor.stored, shape: tensor.shape });
    expect(Buffer.from(await own.readBytes()).equals(await tensor.readBytes()), `${name}: ${key}`).toBe(true);
  }
  await Promise.all([file.close(), right.close()]);
}

describe("every tensor's bytes are those that torch saved", () => {
  test.each([
    ["dtypes", "dtypes"],
    ["dtypes-legacy", "dtypes"],
    ["views", "views"],
    ["views-legacy", "views"],
    ["zip64", "views"],
    ["python2", "views"],
    ["protocol4-legacy", "views"],
    ["names", "names"],
    ["names-legacy", "names"],
    ["checkpoint", "checkpoint"],
    ["checkpoint-legacy", "checkpoint"],
    ["protocol3", "checkpoint"],
    ["protocol4", "checkpoint"],
    ["protocol5", "checkpoint"],
    ["parameters", "parameters"],
    ["ein Name", "ein Name"],
    ["tar", "tar"],
  ])("%s.pth", async (name, expected) => {
    await expectSame(name, expected);
  });
});

test("the order is the file's", async () => {
  const file = await openWeights(new URL("tar.pth", golden));
  expect([...file.tensors.keys()]).toEqual(["conv.weight", "running_mean", "part", "steps"]);
  await file.close();
});

test.each(["checkpoint", "checkpoint-legacy", "protocol5"])(
  "%s: what stands beside the tensors is metadata",
  async (name) => {
    const file = await openWeights(new URL(`${name}.pth`, golden));
    const { metadata } = await openSafetensors(new URL("checkpoint.safetensors", golden));
    for (const [key, value] of metadata) expect(file.metadata.get(key), key).toBe(value);
    expect(file.metadata.get("optimizer.param_groups.0.lr")).toBe("0.001");
    expect(file.metadata.get("optimizer.param_groups.0.params")).toBe("[0,1,2]");
    for (const key of ["device", "dtype", "seen", "bytes", "none"]) expect(file.metadata.has(key), key).toBe(false);
    await file.close();
  },
);

test("numbers, not only bytes", async () => {
  const file = await openWeights(new URL("views.pth", golden));
  expect(await file.tensors.get("columns")!.read()).toEqual(
    Float32Array.of(2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24),
  );
  expect(await file.tensors.get("halves by column")!.read()).toEqual(
    Float32Array.of(1, 5, 9, 2, 6, 10, 3, 7, 11, 4, 8, 12),
  );
  expect(await file.tensors.get("last")!.read()).toEqual(Float32Array.of(24));
  await file.close();
});

test.each([
  ["sparse", 'tensor "layer.weight": is sparse: save tensor.to_dense()'],
  ["quantized", 'tensor "layer.weight": is quantized: save tensor.dequantize()'],
  ["conjugated", 'tensor "layer.weight": is a view that is still to be conjugated: save tensor.resolve_conj()'],
  ["meta", 'tensor "layer.weight": is on the meta device: it has no numbers'],
  ["half-complex", 'tensor "layer.weight": is of type torch.complex32, which no weights are read from'],
  ["module", 'its pickle names "torch.nn.modules.linear.Linear", which is neither a tensor nor plain data'],
  ["script", "is a TorchScript archive, which holds a program: save its weights alone"],
])("refused, with what to do: %s", async (name, message) => {
  await expect(openWeights(new URL(`refused-${name}.pth`, golden))).rejects.toThrow(message);
});

describe("late reading", () => {
  const counted = async (name: string) => {
    const inner = bytesSource(new Uint8Array(await readFile(new URL(`${name}.pth`, golden))), name);
    const reads: number[] = [];
    const read = (at: number, length: number) => {
      reads.push(length);
      return inner.read(at, length);
    };
    return { reads, source: { ...inner, read } };
  };

  test.each(["views", "views-legacy"])(
    "%s: a tensor's own bytes are read, and no more of its storage than it spans",
    async (name) => {
      const { reads, source } = await counted(name);
      const file = await openWeights(source);
      const sizeOf = async (tensor: StoredTensor) => {
        await tensor.readBytes(); // the storage's own header is looked at once
        reads.length = 0;
        const bytes = await tensor.readBytes();
        bytes.fill(0);
        return [bytes.length, reads];
      };
      expect(await sizeOf(file.tensors.get("whole")!)).toEqual([96, [96]]);
      expect(await sizeOf(file.tensors.get("row")!)).toEqual([24, [24]]);
      expect(await sizeOf(file.tensors.get("last")!)).toEqual([4, [4]]);
      expect(await sizeOf(file.tensors.get("columns")!)).toEqual([48, [92]]);
      expect(await sizeOf(file.tensors.get("expanded scalar")!)).toEqual([16, [4]]);
      expect(await sizeOf(file.tensors.get("no rows")!)).toEqual([0, []]);
      expect((await file.tensors.get("row")!.read())[0]).toBe(13);
      await file.close();
      await expect(file.tensors.get("row")!.read()).rejects.toMatchObject({ code: "weights-missing" });
    },
  );
});
