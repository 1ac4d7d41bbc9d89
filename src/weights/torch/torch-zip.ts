/**
 * PyTorch's container since 1.6: a zip file with `ROOT/data.pkl`, the pickle, and `ROOT/data/KEY`, the bytes of each storage.
 * From torch/serialization.py, `_load`, and caffe2/serialize/inline_container.h. TorchScript's archives look alike and are refused.
 */
import { UnsupportedError, WeightError } from "../../errors.ts";
import type { ByteSource } from "../../platform/sources.ts";
import type { WeightFile } from "../weight-file.ts";
import { type Breach, quoted, readWeightSource, type WeightSource } from "../weight-source.ts";
import { storageOf } from "./persistent-storage.ts";
import { OutOfBytes } from "./pickle-bytes.ts";
import { mostPickleBytes } from "./pickle-stream.ts";
import { Budget } from "./pickle-values.ts";
import { type Storages, torchFile } from "./torch-file.ts";
import { unpickle } from "./unpickle.ts";
import { checkStored, dataStartOf, readZipDirectory, type ZipEntry } from "./zip-directory.ts";

/**
 * Opens a file as torch.save writes it. Throws WeightError (`weights-format`) for one that breaks its format or names what is no data, and
 * UnsupportedError for TorchScript and big-endian files; the file is then closed. Tensors are read when asked for, by ranges.
 */
export function openTorchZip(source: WeightSource): Promise<WeightFile> {
  return readWeightSource(source, open);
}

async function open(source: ByteSource): Promise<WeightFile> {
  const breach: Breach = (what) => new WeightError("weights-format", `${source.name}: ${what}`);
  const entries = await readZipDirectory(source, breach);
  const root = rootOf(source.name, entries, breach);
  const content = async (entry: ZipEntry) => source.read(await dataStartOf(source, entry, breach), entry.size);

  const order = entries.get(`${root}byteorder`);
  if (order) {
    if (order.size > 16) throw breach(`its byteorder is ${order.size} bytes; "little" is right`);
    const named = new TextDecoder().decode(await content(order));
    if (named === "big")
      throw new UnsupportedError(
        `${source.name}: was written on a big-endian machine, and such files are not read: load and save it again in Python on a little-endian one`,
      );
    if (named !== "little") throw breach(`its byteorder is ${quoted(named)}; "little" is right`);
  }

  const pickle = entries.get(`${root}data.pkl`)!;
  if (pickle.size > mostPickleBytes)
    throw breach(`its pickle has ${pickle.size} bytes; up to ${mostPickleBytes} are read`);
  const budget = new Budget(source.size, breach);
  try {
    const { value } = unpickle(await content(pickle), 0, { budget, breach, persistent: (id) => storageOf(id, breach) });
    return torchFile(source, value, zipStorages(source, root, entries), budget);
  } catch (error) {
    if (error instanceof OutOfBytes) throw breach(`its pickle is truncated: ${error.message}`);
    throw error;
  }
}

/** What stands before `data.pkl`: `archive/`, the file's name, or nothing. */
function rootOf(file: string, entries: ReadonlyMap<string, ZipEntry>, breach: Breach): string {
  const roots = [...entries.keys()].filter((name) => /(^|\/)data\.pkl$/.test(name)).map((name) => name.slice(0, -8));
  const [root] = roots;
  if (roots.length > 1)
    throw breach(
      `holds ${roots.length} checkpoints (${roots.slice(0, 3).map(quoted).join(", ")}): give each a file of its own`,
    );
  const isScript =
    root === undefined
      ? [...entries.keys()].some((name) => name.endsWith("/constants.pkl"))
      : entries.has(`${root}constants.pkl`);
  if (isScript)
    throw new UnsupportedError(
      `${file}: is a TorchScript archive, which holds a program: save its weights alone, in Python: ` +
        "torch.save(torch.jit.load(FILE).state_dict(), NEW)",
    );
  if (root === undefined)
    throw breach(
      "is a zip file without data.pkl, so not what torch.save writes: name the file of the checkpoint itself",
    );
  return root;
}

function zipStorages(source: ByteSource, root: string, entries: ReadonlyMap<string, ZipEntry>): Storages {
  const starts = new Map<ZipEntry, Promise<number>>();
  const startOf = (entry: ZipEntry, breach: Breach): Promise<number> => {
    const known = starts.get(entry) ?? dataStartOf(source, entry, breach);
    starts.set(entry, known);
    return known;
  };
  return {
    find({ key, dtype, numel }, breach) {
      const entry = entries.get(`${root}data/${key}`);
      if (!entry) throw breach(`its storage ${quoted(key)} is not in the file`);
      const bytes = numel * dtype.bytes;
      checkStored(entry, breach);
      // A storage of bytes that is seen as wider numbers may have a few left over.
      if (entry.size < bytes || entry.size - bytes >= dtype.bytes)
        throw breach(
          `its storage ${quoted(key)} has ${entry.size} bytes, and ${numel} of torch.${dtype.name} are ${bytes}`,
        );
      return async (at, length) => source.read((await startOf(entry, breach)) + at, length);
    },
  };
}
