/** The members of a tar file, by ranged reads of their headers: POSIX.1-1988 "ustar", with what GNU and PAX add passed over. */
import type { ByteSource } from "../../platform/sources.ts";
import { type Breach, quoted } from "../weight-source.ts";

export interface TarMember {
  readonly at: number;
  readonly size: number;
}

const block = 512;
/** PyTorch's have four. */
const mostMembers = 64;

/** Regular files by name, in the file's order. */
export async function readTarMembers(source: ByteSource, breach: Breach): Promise<Map<string, TarMember>> {
  const members = new Map<string, TarMember>();
  for (let at = 0; at + block <= source.size; ) {
    const header = await source.read(at, block);
    if (header.every((byte) => byte === 0)) return members;
    const name = textOf(header.subarray(0, 100));
    const which: Breach = (what) => breach(`member ${quoted(name)} of the tar: ${what}`);
    const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 0x20 : byte), 0);
    if (sum !== octal(header.subarray(148, 156))) throw which("its header is damaged: the checksum is wrong");
    const size = octal(header.subarray(124, 136));
    if (size === undefined || at + block + size > source.size) throw which("truncated: it does not lie in the file");
    const isFile = header[156] === 0x30 || header[156] === 0;
    if (isFile) {
      if (members.has(name)) throw which("there are two of that name");
      if (members.size >= mostMembers) throw breach(`a tar file of more than ${mostMembers} members`);
      members.set(name, { at: at + block, size });
    }
    at += block + Math.ceil(size / block) * block;
  }
  throw breach("truncated: a tar file ends with blocks of zeros, and this one does not");
}

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function octal(bytes: Uint8Array): number | undefined {
  const digits = /^ *([0-7]+)[ \0]*$/.exec(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  const value = digits ? Number.parseInt(digits[1]!, 8) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}
