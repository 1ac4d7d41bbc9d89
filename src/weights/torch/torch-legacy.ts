/**
 * PyTorch's container before 1.6 (and `_use_new_zipfile_serialization=False`): five pickles in a row (a magic number, a version, facts of the
 * machine, the checkpoint, the storages' keys), then for each key the number of its elements (int64) and its bytes.
 * From torch/serialization.py, `_legacy_save` and `_legacy_load`, and torch/csrc/serialization.cpp.
 */
import { UnsupportedError, WeightError } from "../../errors.ts";
import type { ByteSource } from "../../platform/sources.ts";
import type { WeightFile } from "../weight-file.ts";
import { type Breach, quoted, readWeightSource, type WeightSource } from "../weight-source.ts";
import { storageOf } from "./persistent-storage.ts";
import { PickleStream } from "./pickle-stream.ts";
import { Budget, type Storage, Tuple, type Value } from "./pickle-values.ts";
import type { TorchDtype } from "./torch-dtypes.ts";
import { type Storages, torchFile } from "./torch-file.ts";

const magicNumber = 0x1950a86a20f9469cfc6cn;
const protocolVersion = 1001;

/** Opens a file of the legacy stream. Throws as openTorchZip does. */
export function openTorchLegacy(source: WeightSource): Promise<WeightFile> {
  return readWeightSource(source, open);
}

async function open(source: ByteSource): Promise<WeightFile> {
  const breach: Breach = (what) => new WeightError("weights-format", `${source.name}: ${what}`);
  const stream = new PickleStream(source, 0, source.size, breach);
  const plain = { budget: new Budget(source.size, breach), breach };
  if ((await stream.next("its magic number", plain)) !== magicNumber) throw breach("its magic number is not PyTorch's");
  const version = await stream.next("its version", plain);
  if (version !== protocolVersion)
    throw breach(
      `its version is ${typeof version === "number" ? version : "no number"}; ${protocolVersion} is the one there is`,
    );
  checkEndian(source.name, await stream.next("the facts of its machine", plain));

  // Made anew whenever the window grows: what is counted and noted must be of the last attempt alone.
  let budget = new Budget(source.size, breach);
  const claims = new Map<string, Claim>();
  const root = await stream.next("its checkpoint", {
    get budget() {
      return budget;
    },
    breach,
    persistent: (id) => claim(claims, id, breach),
    begin: () => {
      budget = new Budget(source.size, breach);
      claims.clear();
    },
  });

  const keys = await stream.next("its list of storages", plain);
  const places = await placesOf(keys, claims, stream, breach);
  if (stream.at !== source.size) throw breach(`${source.size - stream.at} bytes at its end belong to no storage`);
  return torchFile(source, root, legacyStorages(source, places), budget);
}

/** What the pickle says of a storage: all that mention it must agree, since the file has only its number of elements. */
export interface Claim {
  readonly dtype: TorchDtype;
  readonly numel: number;
}

function claim(claims: Map<string, Claim>, id: Value, breach: Breach): Storage {
  const storage = storageOf(id, breach);
  const whole = id instanceof Tuple ? Number(id.items[4]) : storage.numel; // not a view's
  const { key, dtype } = storage;
  const known = claims.get(key);
  if (!known) claims.set(key, { dtype, numel: whole });
  else if (known.dtype !== dtype || known.numel !== whole)
    throw breach(
      `its storage ${quoted(key)} is mentioned as ${known.numel} of torch.${known.dtype.name} and as ${whole} of torch.${dtype.name}`,
    );
  return storage;
}

/** A storage's bytes in the file, behind its number of elements, which is at `at - 8`. */
export interface Place extends Claim {
  readonly at: number;
}

/** The storages lie in the list's order; the pickle's claims say how long each is, and each own number is compared when it is read. */
async function placesOf(
  keys: Value,
  claims: ReadonlyMap<string, Claim>,
  stream: PickleStream,
  breach: Breach,
): Promise<Map<string, Place>> {
  const places = new Map<string, Place>();
  if (!Array.isArray(keys)) throw breach("its list of storages is none");
  for (const item of keys) {
    const key = String(typeof item === "string" || typeof item === "number" ? item : "");
    const claimed = claims.get(key);
    if (!claimed || places.has(key))
      throw breach(`its list of storages has ${quoted(key)}, which no tensor mentions or which it has twice`);
    const what = `the storage ${quoted(key)}`;
    stream.skip(8, what);
    places.set(key, { ...claimed, at: stream.at });
    stream.skip(claimed.numel * claimed.dtype.bytes, what);
  }
  const missing = [...claims.keys()].find((key) => !places.has(key));
  if (missing !== undefined) throw breach(`its list of storages lacks ${quoted(missing)}`);
  return places;
}

export function legacyStorages(source: ByteSource, places: ReadonlyMap<string, Place>): Storages {
  const checked = new Map<Place, Promise<void>>();
  const check = async ({ at, numel }: Place, key: string, breach: Breach): Promise<void> => {
    const own = new DataView((await source.read(at - 8, 8)).buffer).getBigInt64(0, true);
    if (own !== BigInt(numel))
      throw breach(`its storage ${quoted(key)} says that it has ${own} elements, and the pickle says ${numel}`);
  };
  return {
    find({ key, dtype, first, numel }, breach) {
      const place = places.get(key);
      if (!place) throw breach(`its storage ${quoted(key)} is not in the file`);
      if (place.dtype !== dtype || first + numel > place.numel)
        throw breach(`its storage ${quoted(key)} is of another type or size`);
      return async (at, length) => {
        const sound = checked.get(place) ?? check(place, key, breach);
        checked.set(place, sound);
        await sound;
        return source.read(place.at + first * dtype.bytes + at, length);
      };
    },
  };
}

/** sys_info: {"protocol_version", "little_endian", "type_sizes"}. */
export function checkEndian(file: string, facts: Value): void {
  if (facts instanceof Map && facts.get("little_endian") === false)
    throw new UnsupportedError(
      `${file}: was written on a big-endian machine, and such files are not read: load and save it again in Python on a little-endian one`,
    );
}
