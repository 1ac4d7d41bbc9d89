/**
 * The directory of a zip file, by ranged reads: what torch.save's containers need of PKWARE's APPNOTE 6.3.10 (sections 4.3.6 to 4.5.3), zip64
 * included. Entries that are read must be stored as they are. Encrypted ones, names twice or that lead elsewhere, entries that overlap or do
 * not lie in the file are errors. Checksums are not compared: torch can be told to write none (`set_crc32_options`), and torch.load does not.
 */
import type { ByteSource } from "../../platform/sources.ts";
import { type Breach, quoted } from "../weight-source.ts";

export interface ZipEntry {
  readonly name: string;
  readonly size: number;
  /** How it is compressed; 0: it is not. */
  readonly method: number;
  /** Where its own header is, and where at the latest its bytes end. */
  readonly header: number;
  readonly limit: number;
}

const signatures = {
  local: 0x04034b50,
  central: 0x02014b50,
  end: 0x06054b50,
  end64: 0x06064b50,
  locator64: 0x07064b50,
};
const sizes = { local: 30, central: 46, end: 22, end64: 56, locator64: 20 };
/** So many storages no ResNet's checkpoint has, nor a language model's. */
const mostEntries = 100_000;

interface Found extends Omit<ZipEntry, "limit"> {
  /** Where its bytes end, if nothing fills up its header. */
  readonly least: number;
}

interface Located {
  readonly offset: number;
  readonly bytes: number;
  readonly count: number;
}

/** Reads the central directory, in its order. `breach` makes the errors. */
export async function readZipDirectory(source: ByteSource, breach: Breach): Promise<Map<string, ZipEntry>> {
  const { offset, bytes, count } = await locate(source, breach);
  const directory = await source.read(offset, bytes);
  const view = new DataView(directory.buffer);
  const found: Found[] = [];
  const names = new Set<string>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + sizes.central > bytes || view.getUint32(at, true) !== signatures.central)
      throw breach(`its zip directory ends after ${i} of ${count} entries`);
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) => view.getUint16(at + field, true));
    const next = at + sizes.central + nameBytes! + extraBytes! + commentBytes!;
    if (next > bytes) throw breach(`its zip directory ends within entry ${i}`);
    const name = nameOf(directory.subarray(at + sizes.central, at + sizes.central + nameBytes!));
    const which: Breach = (what) => breach(`entry ${quoted(name)} of the zip: ${what}`);
    checkName(name, which);
    if (names.has(name)) throw which("there are two of that name");
    names.add(name);

    const flags = view.getUint16(at + 8, true);
    const method = view.getUint16(at + 10, true);
    if (flags & 0x2041) throw which("is encrypted");
    const extra = new DataView(directory.buffer, at + sizes.central + nameBytes!, extraBytes!);
    const { size, packed, header } = sizes64(extra, {
      size: view.getUint32(at + 24, true),
      packed: view.getUint32(at + 20, true),
      header: view.getUint32(at + 42, true),
    });
    if (method === 0 && packed !== size) throw which(`is stored, and its two sizes differ: ${size} and ${packed}`);
    const least = header + sizes.local + nameBytes! + packed;
    if (!(least <= offset))
      throw which(`lies beyond the file's data: ${packed} bytes with its header at byte ${header}`);
    found.push({ name, size, method, header, least });
    at = next;
  }
  if (at !== bytes) throw breach(`its zip directory has ${bytes - at} bytes after its ${count} entries`);
  return withLimits(found, offset, breach);
}

/** Entries that are read must lie in the file as they are. */
export function checkStored({ name, method }: ZipEntry, breach: Breach): void {
  if (method !== 0)
    throw breach(
      `entry ${quoted(name)} of the zip is compressed (method ${method}), and torch.save stores its entries as they are; ` +
        "pack it anew without compression (zip -0), or load and save it again in Python",
    );
}

/** Where an entry's bytes begin: its own header tells, which torch fills up so that they lie aligned. */
export async function dataStartOf(source: ByteSource, entry: ZipEntry, breach: Breach): Promise<number> {
  const { name, size, header, limit } = entry;
  checkStored(entry, breach);
  const view = new DataView((await source.read(header, sizes.local)).buffer);
  const which: Breach = (what) => breach(`entry ${quoted(name)} of the zip: ${what}`);
  if (view.getUint32(0, true) !== signatures.local)
    throw which(`at byte ${header}, where the directory says, is no entry`);
  if (view.getUint16(8, true) !== 0)
    throw which("its own header says that it is compressed, and the directory does not");
  const start = header + sizes.local + view.getUint16(26, true) + view.getUint16(28, true);
  if (start + size > limit) throw which(`its ${size} bytes from byte ${start} reach into what begins at ${limit}`);
  return start;
}

/** The directory's place, from the record at the file's end and, where numbers do not fit into that, the zip64 one. */
async function locate(source: ByteSource, breach: Breach): Promise<Located> {
  const tailBytes = Math.min(source.size, sizes.end + 0xffff);
  const tailStart = source.size - tailBytes;
  const view = new DataView((await source.read(tailStart, tailBytes)).buffer);
  let end = tailBytes - sizes.end;
  // Its comment must end where the file does: bytes within one that look like a record do not.
  while (
    end >= 0 &&
    !(view.getUint32(end, true) === signatures.end && end + sizes.end + view.getUint16(end + 20, true) === tailBytes)
  )
    end--;
  if (end < 0) throw breach("truncated: a zip file ends with its directory, and this one has none");
  if (view.getUint16(end + 4, true) !== 0 && view.getUint16(end + 4, true) !== 0xffff)
    throw breach("is a part of a zip file of several");

  let before = tailStart + end;
  let [count, bytes, offset] = [
    view.getUint16(end + 10, true),
    view.getUint32(end + 12, true),
    view.getUint32(end + 16, true),
  ];
  if (count === 0xffff || bytes === 0xffffffff || offset === 0xffffffff) {
    const locatorAt = before - sizes.locator64;
    if (locatorAt < 0) throw breach("its zip64 records are missing");
    const locator = new DataView((await source.read(locatorAt, sizes.locator64)).buffer);
    const at = Number(locator.getBigUint64(8, true));
    if (locator.getUint32(0, true) !== signatures.locator64 || !(at + sizes.end64 <= locatorAt))
      throw breach("its zip64 records are missing");
    const end64 = new DataView((await source.read(at, sizes.end64)).buffer);
    if (end64.getUint32(0, true) !== signatures.end64) throw breach("its zip64 records are missing");
    [count, bytes, offset] = [32, 40, 48].map((field) => Number(end64.getBigUint64(field, true))) as [
      number,
      number,
      number,
    ];
    before = at;
  }
  if (!(offset + bytes <= before))
    throw breach(`its zip directory, ${bytes} bytes from byte ${offset}, does not lie in the file`);
  if (count > mostEntries) throw breach(`a zip file of ${count} entries; up to ${mostEntries} are read`);
  return { offset, bytes, count };
}

interface Sizes {
  readonly size: number;
  readonly packed: number;
  readonly header: number;
}

/** Those that are all ones stand, in this order, in the extra field of zip64. */
function sizes64(extra: DataView, { size, packed, header }: Sizes): Sizes {
  for (let at = 0; at + 4 <= extra.byteLength; ) {
    const [id, length] = [extra.getUint16(at, true), extra.getUint16(at + 2, true)];
    at += 4;
    if (at + length > extra.byteLength) break;
    if (id === 1) {
      let field = at;
      const wide = (narrow: number) => {
        if (narrow !== 0xffffffff || field + 8 > at + length) return narrow;
        field += 8;
        return Number(extra.getBigUint64(field - 8, true));
      };
      // Property by property: their order in the field.
      return { size: wide(size), packed: wide(packed), header: wide(header) };
    }
    at += length;
  }
  return { size, packed, header };
}

/** UTF-8, as torch writes them; what is none only has to stay told apart. */
function nameOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  }
}

function checkName(name: string, which: Breach): void {
  const parts = name.split("/");
  if (name === "" || name.startsWith("/") || /[\\\0]/.test(name) || parts.includes("..") || /^[A-Za-z]:/.test(name))
    throw which("its name leads out of the archive, or is none");
}

/** No entry may reach into the next one's header, or the last into the directory. */
function withLimits(found: readonly Found[], directory: number, breach: Breach): Map<string, ZipEntry> {
  const placed = [...found].sort((a, b) => a.header - b.header);
  const limits = new Map<string, number>();
  placed.forEach(({ name, header, least }, i) => {
    const after = placed[i + 1];
    if (after && least > after.header)
      throw breach(
        `entries ${quoted(name)} and ${quoted(after.name)} of the zip overlap, from byte ${Math.max(header, after.header)}`,
      );
    limits.set(name, after?.header ?? directory);
  });
  return new Map(found.map((entry) => [entry.name, { ...entry, limit: limits.get(entry.name)! }]));
}
