/**
 * Rewrites a JPEG file so that a decoder for three components gives the stored values of any three of its components, without a
 * colour conversion: the header is written anew, and of each scan only the bits of the wanted components are kept. Nothing is
 * decoded but the lengths of Huffman codes, so no value changes. This is how jpeg.ts has CMYK and YCCK files decoded by a library
 * that refuses four components, and how it gets at the planes of 4:4:0 files in their own size.
 */
import { ImageError } from "../errors.ts";
import { type HuffmanTable, readHuffmanTables, ScanReader, ScanWriter } from "./jpeg-huffman.ts";
import { isFrameMarker, type JpegFrame, type JpegLayout, marker } from "./jpeg-markers.ts";

/** Three indices into a frame's components, ascending; the same one may stand there more than once. */
export type ComponentTriple = readonly [number, number, number];

/** An Adobe marker that says: no colour transform. Version 100, no flags. */
const adobeNoTransform = [0xff, marker.app14, 0, 14, 0x41, 0x64, 0x6f, 0x62, 0x65, 0, 100, 0, 0, 0, 0, 0];

/** The largest sampling factors of some components: the MCU's size in blocks. */
export function largestFactors(components: readonly { h: number; v: number }[]): { h: number; v: number } {
  return {
    h: Math.max(...components.map((component) => component.h)),
    v: Math.max(...components.map((component) => component.v)),
  };
}

/** A component's own size, in samples. */
export function storedSize({ width, height, components }: JpegFrame, index: number): { width: number; height: number } {
  const most = largestFactors(components);
  const { h, v } = components[index]!;
  return { width: Math.ceil((width * h) / most.h), height: Math.ceil((height * v) / most.v) };
}

/**
 * A sequential or progressive Huffman-coded file (SOF0 to SOF2) with the components in `keep` alone, as "RGB".
 * Where the frame's largest sampling factors are among theirs its size is the frame's; else they must all have the same factors, and
 * its size is their own.
 * @throws ImageError corrupt or truncated where the scans that must be taken apart cannot be read
 */
export function keepComponents(bytes: Uint8Array, layout: JpegLayout, keep: ComponentTriple): Uint8Array {
  const frame = layout.frame!;
  const kept = keep.map((index) => frame.components[index]!);
  const most = largestFactors(frame.components);
  const largest = largestFactors(kept);
  const { width, height } = largest.h === most.h && largest.v === most.v ? frame : storedSize(frame, keep[0]);
  const mcus = Math.ceil(frame.width / (8 * most.h)) * Math.ceil(frame.height / (8 * most.v));
  const tables = new Map<number, HuffmanTable>();
  let restartInterval = 0;
  // A component can be written three times, and bits that are moved may happen to need a stuffed zero after every byte.
  const out = new Uint8Array(6 * bytes.length + 64);
  let at = 0;
  const write = (part: ArrayLike<number>) => {
    out.set(part, at);
    at += part.length;
  };

  write([0xff, marker.startOfImage]);
  write(adobeNoTransform);
  for (const { marker: code, start, body, end, dataEnd } of layout.segments) {
    if ((code >= marker.app0 && code <= marker.app15) || code === marker.comment) continue;
    if (code === marker.huffmanTables) readHuffmanTables(bytes.subarray(body, end), tables);
    if (code === marker.restartInterval) restartInterval = (bytes[body]! << 8) | bytes[body + 1]!;
    if (isFrameMarker(code)) {
      write([0xff, code, 0, 17, frame.precision, height >> 8, height & 255, width >> 8, width & 255, 3]);
      kept.forEach(({ h, v, quantTable }, slot) => {
        write([slot + 1, (h << 4) | v, quantTable]);
      });
    } else if (code !== marker.startOfScan) {
      write(bytes.subarray(start, end));
    } else {
      const scan = readScan(bytes.subarray(body, end), frame, keep);
      for (const header of scan.headers) {
        write(header);
        if (scan.whole) {
          write(bytes.subarray(end, dataEnd));
          continue;
        }
        const writer = new ScanWriter(out, at);
        copyScan(new ScanReader(bytes, end, dataEnd), writer, scan, { mcus, restartInterval, tables });
        at = writer.at;
      }
    }
  }
  write([0xff, marker.endOfImage]);
  return out.subarray(0, at);
}

/** A scan's component: how many times it is kept, how many blocks of it an MCU has, and its tables (DC << 4 | AC). */
interface ScanComponent {
  readonly slots: readonly number[];
  readonly blocks: number;
  readonly tables: number;
}

interface Scan {
  readonly components: readonly ScanComponent[];
  /** The last coefficient: 0 for a progressive DC scan, 63 for a sequential one. */
  readonly last: number;
  /** A progressive scan that adds one bit to values already known. */
  readonly refines: boolean;
  /** The new scans' headers: none, one, or, for a scan of one component, as many as it is kept. */
  readonly headers: readonly number[][];
  /** All bits of the scan stay, as they are. */
  readonly whole: boolean;
}

/** Reads a scan header: count, (component, tables) for each, first and last coefficient, successive approximation. */
function readScan(header: Uint8Array, frame: JpegFrame, keep: ComponentTriple): Scan {
  const count = header[0] ?? 0;
  if (count < 1 || count > 4 || header.length < 4 + 2 * count) throw damaged("bad scan header");
  const components = Array.from({ length: count }, (_, i): ScanComponent => {
    const index = frame.components.findIndex((component) => component.id === header[1 + 2 * i]);
    const component = frame.components[index];
    if (!component) throw damaged("a scan of an unknown component");
    const slots = [0, 1, 2].filter((slot) => keep[slot] === index);
    return { slots, blocks: component.h * component.v, tables: header[2 + 2 * i]! };
  });
  const [first, last, approximation] = header.subarray(1 + 2 * count, 4 + 2 * count) as Iterable<number>;
  const refines = approximation! >> 4 !== 0;
  const parts = components.flatMap(({ slots, tables }) => slots.map((slot) => [slot + 1, tables]));
  const headerOf = (some: number[][]) => {
    return [
      0xff,
      marker.startOfScan,
      0,
      6 + 2 * some.length,
      some.length,
      ...some.flat(),
      first!,
      last!,
      approximation!,
    ];
  };
  if (count === 1) {
    const headers = parts.map((part) => headerOf([part]));
    return { components, last: last!, refines, headers, whole: true };
  }
  // In a progressive file only DC scans hold several components.
  if (last !== 0 && (first !== 0 || last !== 63 || refines)) throw damaged("bad scan header");
  if (parts.length === 1 && components.some(({ slots, blocks }) => slots.length > 0 && blocks > 1)) {
    // A scan of one component has its blocks in another order, and fewer of them.
    throw new ImageError("unsupported", "a JPEG with scans of two components, one of them subsampled");
  }
  const whole = components.every(({ slots }) => slots.length === 1);
  return { components, last: last!, refines, headers: parts.length > 0 ? [headerOf(parts)] : [], whole };
}

function damaged(what: string): ImageError {
  return new ImageError("corrupt", `damaged JPEG: ${what}`);
}

interface ScanContext {
  readonly mcus: number;
  readonly restartInterval: number;
  readonly tables: ReadonlyMap<number, HuffmanTable>;
}

/** Copies the kept components' blocks of an interleaved scan, MCU by MCU. */
function copyScan(
  from: ScanReader,
  to: ScanWriter,
  { components, last, refines }: Scan,
  { mcus, restartInterval, tables }: ScanContext,
): void {
  const parts = components.map(({ slots, blocks, tables: names }) => {
    const dc = tables.get(names >> 4);
    const ac = tables.get(0x10 | (names & 15));
    if ((!dc && !refines) || (!ac && last > 0)) throw damaged("a Huffman table is missing");
    return { times: slots.length, blocks, dc, ac };
  });
  /** What was copied of the component at hand in this MCU, bits and length in turn, to be written once more. */
  const copied: number[] = [];

  const take = (bits: number, length: number, times: number) => {
    from.take(length);
    if (times === 0) return;
    to.put(bits >>> (16 - length), length);
    if (times > 1) copied.push(bits >>> (16 - length), length);
  };
  const symbol = (table: HuffmanTable, times: number): number => {
    const bits = from.peek16();
    const entry = table[bits]!;
    if (entry === 0) throw damaged("bad Huffman code");
    take(bits, entry >> 8, times);
    return entry & 0xff;
  };
  const extra = (length: number, times: number) => {
    if (length > 0) take(from.peek16(), length, times);
  };

  for (let mcu = 0; mcu < mcus; mcu++) {
    if (restartInterval > 0 && mcu > 0 && mcu % restartInterval === 0) {
      from.restart();
      to.restart(mcu / restartInterval - 1);
    }
    for (const { times, blocks, dc, ac } of parts) {
      for (let block = 0; block < blocks; block++) {
        // DC: a symbol that says how many bits of difference follow; or, refining, one bit.
        extra(refines ? 1 : Math.min(symbol(dc!, times), 16), times);
        for (let k = 1; k <= last; k++) {
          // AC: run of zeros << 4 | bits of the value; no bits mean sixteen zeros (run 15) or the block's end.
          const code = symbol(ac!, times);
          if (code & 15) extra(code & 15, times);
          else if (code >> 4 !== 15) break;
          k += code >> 4;
        }
      }
      for (let again = 1; again < times; again++) {
        for (let i = 0; i < copied.length; i += 2) to.put(copied[i]!, copied[i + 1]!);
      }
      copied.length = 0;
    }
  }
  to.flush();
}
