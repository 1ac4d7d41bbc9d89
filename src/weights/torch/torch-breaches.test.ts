/** What breaks the rules of PyTorch's containers, or would do harm: each is one clear error, and nothing runs. Good files are in torch.test.ts. */
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { bytesSource } from "../../platform/byte-source.ts";
import { openWeights } from "../open-weights.ts";
import { OutOfBytes } from "./pickle-bytes.ts";
import { Budget, Tuple, type Value } from "./pickle-values.ts";
import { unpickle } from "./unpickle.ts";

const golden = new URL("../../../test/golden/torch/", import.meta.url);
const latin1 = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
const breach = (what: string) => new Error(what) as never;

/** The value of a pickle given as Latin-1. */
function pickled(text: string): Value {
  return unpickle(latin1(text), 0, { budget: new Budget(0, breach), breach }).value;
}

/** A legacy stream with this pickle, and the storage "0" of four float32 where `keys` says so. */
function legacy(pickle: string, keys = "]"): Uint8Array {
  const start = "\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.";
  return latin1(
    `${start}\x80\x02${pickle}.\x80\x02${keys}.${keys === "]" ? "" : `\x04${"\0".repeat(7)}${"\x01\x02\x03\x04".repeat(4)}`}`,
  );
}

const text = (value: string) => `X${String.fromCharCode(value.length)}\0\0\0${value}`;
const storage = (numel: number) =>
  `(${text("storage")}ctorch\nFloatStorage\n${text("0")}${text("cpu")}K${String.fromCharCode(numel)}NtQ`;
/** {"w": a tensor of the storage}. */
const tensor = (layout: string, numel = 4) =>
  `}${text("w")}ctorch._utils\n_rebuild_tensor_v2\n(${storage(numel)}${layout}\x89ccollections\nOrderedDict\n)RtRs`;
const oneStorage = `]${text("0")}a`;

test.each([
  ["cos\nsystem\n", '"os.system"'],
  ["cposix\nsystem\n", '"posix.system"'],
  ["c__builtin__\neval\n", '"builtins.eval"'],
  ["cbuiltins\nexec\n", '"builtins.exec"'],
  ["c__builtin__\ngetattr\n", '"builtins.getattr"'],
  ["ctorch.hub\nload\n", '"torch.hub.load"'],
  ["ctorch\nconstructor\n", '"torch.constructor"'],
  ["cargparse\nArgumentParser\n", '"argparse.ArgumentParser"'],
  [`${text("subprocess")}${text("Popen")}\x93`, '"subprocess.Popen"'],
])("a pickle that names code is refused by that name: %j", async (named, name) => {
  await expect(openWeights(legacy(`${named}${text("touch x")}\x85R`))).rejects.toThrow(
    `bytes: its pickle names ${name}, which is neither a tensor nor plain data, and nothing that a file names is run here; save the state dict`,
  );
});

test.each([
  ["f4", ">", "C", "big-endian numbers"],
  ["f16", "<", "C", "type f16"],
])("a numpy array of numbers that are not read is refused, not left out: %s %s", async (code, order, opcode, what) => {
  const dtype = `cnumpy\ndtype\n(${text(code)}K\x00K\x01tR(K\x03${text(order)}tb`;
  const array = `cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85C\x01btR`;
  const state = `(K\x01K\x01\x85${dtype}\x89${opcode}\x10${"\0".repeat(16)}tb`;
  await expect(openWeights(legacy(`}${text("w")}${array}${state}s`))).rejects.toThrow(
    `tensor "w": is a numpy array of ${what}, which is not read`,
  );
});

test("a training script's options beside the tensors are passed over", async () => {
  const namespace = `cargparse\nNamespace\n)\x81}${text("lr")}K\x01sb`;
  const file = await openWeights(
    legacy(`${tensor("K\x00K\x04\x85K\x01\x85")}${text("args")}${namespace}s`, oneStorage),
  );
  expect([...file.tensors.keys()]).toEqual(["w"]);
});

test.each([
  ["K\x00K\x00\x85R", "is called that is neither"],
  ["ccollections\nOrderedDict\n]R", "a call without a tuple"],
  ["cnumpy\nndarray\n)R", '"numpy.ndarray" is called, which is only ever named'],
  ["N]a", "APPEND on something else than a list"],
  ["NNNs", "SETITEM on something else than a dict"],
  ["NN", "more or less than one value"],
  ["0", "its stack has none"],
  ["t", "a MARK is wanted"],
  ["h\x07", "remembers nothing by the number 7"],
  ["I1\n", "the opcode 0x49 is not among those that torch.save writes"],
  ["X\x01\0\0\0\xff", "is not valid UTF-8"],
  ["\x80\x06", "pickle protocol 6"],
  [`${"]".repeat(200_001)}`, "stack grows without end"],
  [`(${"}".repeat(100_000)}t`, "would take more than"],
])("the machine refuses %j", (pickle, message) => {
  expect(() => pickled(`${pickle}.`)).toThrow(message);
});

test("a length beyond the bytes is believed of none", () => {
  for (const head of ["X\xff\xff\xff\x7f", "B\xff\xff\xff\xff", "\x8d\0\0\0\0\x01\0\0\0", "\x8a\xff"])
    expect(() => pickled(`${head}ab.`), head).toThrow(OutOfBytes);
  expect(() => pickled("\x95\xff\xff\xff\xff\xff\xff\xff\x7f.")).toThrow("a length of");
});

test("whole numbers of every width, texts of Python 2, keys like __proto__", () => {
  expect(
    pickled("(K\xffM\xff\xffJ\xff\xff\xff\xff\x8a\x00\x8a\x01\xff\x8a\x08\0\0\0\0\0\0\0\x80\x8b\x01\0\0\0\x7ft."),
  ).toEqual(new Tuple([255, 65535, -1, 0, -1, -(2n ** 63n), 127]));
  expect(pickled("(U\x02abU\x01\xffG?\xf8\0\0\0\0\0\0t.")).toEqual(new Tuple(["ab", Uint8Array.of(255), 1.5]));
  expect(pickled(`}${text("__proto__")}K\x01s.`)).toEqual(new Map([["__proto__", 1]]));
});

test.each([
  [
    "beyond its storage",
    tensor("K\x01K\x04\x85K\x01\x85"),
    '"w": 4 from element 1 (strides 1) reaches beyond its storage of 4 elements',
  ],
  ["a stride too far", tensor("K\x00K\x02\x85K\x04\x85"), "reaches beyond its storage of 4"],
  [
    "a negative stride",
    tensor("K\x00K\x02\x85J\xff\xff\xff\xff\x85"),
    "a tensor's strides must be at most 64 whole numbers",
  ],
  ["other numbers of dimensions", tensor("K\x00K\x02\x85)"), "its shape has 1 dimensions, and there are 0 strides"],
  [
    "expanded to gigabytes",
    tensor("K\x00J\0\0\0\x40\x85K\x00\x85"),
    "are 4294967296 bytes, expanded from 4 in the file",
  ],
  ["another size than the file's", tensor("K\x00K\x02\x85K\x01\x85", 3), "bytes at its end belong to no storage"],
])("a tensor is refused: %s", async (_, pickle, message) => {
  await expect(openWeights(legacy(pickle, oneStorage))).rejects.toThrow(message);
});

test("lists within lists: what is shared is not expanded without end, what holds itself has an end", async () => {
  let laughs = `](${text("lol")}Neq\x00`;
  for (let level = 1; level < 40; level++)
    laughs += `0](${`h${String.fromCharCode(level - 1)}`.repeat(10)}eq${String.fromCharCode(level)}`;
  await expect(openWeights(legacy(laughs))).rejects.toThrow("too much for a checkpoint of its size");
  await expect(openWeights(legacy("]q\x00h\x00a"))).rejects.toThrow("nested deeper than 64 levels, or within itself");
  await expect(openWeights(legacy(`${"]".repeat(100)}${"a".repeat(99)}`))).rejects.toThrow("nested deeper than 64");
});

test("two tensors that would get one name are an error", async () => {
  const one = tensor("K\x00K\x04\x85K\x01\x85")
    .replace(/^\}X.\0\0\0w/s, "")
    .slice(0, -1);
  const file = legacy(`}(${text("a")}}${text("b")}${one}s${text("a.b")}${one}u`, oneStorage);
  await expect(openWeights(file)).rejects.toThrow('two of its values would both be called "a.b"');
});

/** A golden zip with some bytes changed. */
async function damaged(change: (view: DataView, bytes: Uint8Array) => void): Promise<Uint8Array> {
  const bytes = new Uint8Array(await readFile(new URL("ein Name.pth", golden)));
  change(new DataView(bytes.buffer), bytes);
  return bytes;
}
const centralOf = (view: DataView) => view.getUint32(view.byteLength - 6, true);

test.each<[string, (view: DataView, bytes: Uint8Array) => void, string]>([
  ["compressed", (view) => view.setUint16(centralOf(view) + 10, 8, true), "is compressed (method 8)"],
  ["encrypted", (view) => view.setUint16(centralOf(view) + 8, 1, true), "is encrypted"],
  [
    "of two sizes",
    (view) => view.setUint32(centralOf(view) + 20, view.getUint32(centralOf(view) + 20, true) + 4000, true),
    "its two sizes differ",
  ],
  ["beyond the file", (view) => view.setUint32(centralOf(view) + 42, 2 ** 31, true), "lies beyond the file's data"],
  ["elsewhere", (view) => view.setUint32(centralOf(view) + 42, 8, true), "is no entry"],
  [
    "a name that leads out",
    (_, bytes) => bytes.set(latin1("../"), new DataView(bytes.buffer).getUint32(bytes.length - 6, true) + 46),
    "leads out",
  ],
])("a zip's entry is refused: %s", async (_, change, message) => {
  await expect(openWeights(await damaged(change))).rejects.toThrow(message);
});

test("every cut of every container is told, and the file closed", async () => {
  for (const name of ["ein Name", "tar", "python2"]) {
    const bytes = new Uint8Array(await readFile(new URL(`${name}.pth`, golden)));
    const end = bytes.findLastIndex((byte) => byte !== 0); // a tar may do without its last zeros
    for (let length = 300; length <= end; length += 211) {
      let closed = 0;
      const inner = bytesSource(bytes.subarray(0, length), "cut.pth");
      const file = openWeights({ ...inner, close: async () => void closed++ });
      await expect(file, `${name} at ${length}`).rejects.toMatchObject({ code: "weights-format" });
      expect(closed).toBeGreaterThan(0);
    }
  }
});

test("big-endian files are refused with what to do", async () => {
  const bytes = await damaged((_, all) => {
    const at = Buffer.from(all).indexOf("little");
    all.set(latin1("big   "), at);
  });
  await expect(openWeights(bytes)).rejects.toThrow('its byteorder is "big   "; "little" is right');
  const facts = `}${text("little_endian")}\x89s`;
  const stream = legacy("}").slice();
  const start = Buffer.from(stream).indexOf("}.");
  const big = new Uint8Array([...stream.subarray(0, start), ...latin1(facts), ...stream.subarray(start + 1)]);
  await expect(openWeights(big)).rejects.toThrow("was written on a big-endian machine");
});
