/**
 * The markers of a JPEG file, without its pixels: what kind of JPEG it is, where its parts lie, whether it ends properly.
 * ITU-T T.81, annex B; reads on as libjpeg does (fill bytes and stray bytes before a marker are skipped).
 */

/** One component of a frame. */
export interface JpegComponent {
  readonly id: number;
  /** Sampling factors: blocks in a row and in a column of one MCU. */
  readonly h: number;
  readonly v: number;
  readonly quantTable: number;
}

/** The frame header. `process` is the SOF marker's low nibble: 0 baseline, 1 extended sequential, 2 progressive, … */
export interface JpegFrame {
  readonly process: number;
  readonly precision: number;
  readonly width: number;
  readonly height: number;
  readonly components: readonly JpegComponent[];
}

/** A marker with its parameters: `bytes[start]` is 0xff, `body` the first byte after the length, `end` one past the last. */
export interface JpegSegment {
  readonly marker: number;
  readonly start: number;
  readonly body: number;
  readonly end: number;
  /** For a scan (SOS): one past its entropy-coded data, which begins at `end`. */
  readonly dataEnd: number;
}

export interface JpegLayout {
  readonly frame: JpegFrame | undefined;
  readonly segments: readonly JpegSegment[];
  /** Of the first scan on: how many there are, and how many bytes of entropy-coded data they have together. */
  readonly scans: number;
  readonly dataBytes: number;
  readonly jfif: boolean;
  /** The colour transform that an Adobe marker before the first scan declares: 0 none, 1 YCbCr, 2 YCCK. */
  readonly adobeTransform: number | undefined;
  readonly exif: Uint8Array | undefined;
  readonly xmp: Uint8Array | undefined;
  /** The end-of-image marker was found. */
  readonly complete: boolean;
}

export const marker = {
  huffmanTables: 0xc4,
  restart0: 0xd0,
  startOfImage: 0xd8,
  endOfImage: 0xd9,
  startOfScan: 0xda,
  restartInterval: 0xdd,
  app0: 0xe0,
  app1: 0xe1,
  app14: 0xee,
  app15: 0xef,
  comment: 0xfe,
} as const;

/** Start-of-frame markers are 0xc0 to 0xcf but for DHT (c4), JPG (c8) and DAC (cc). */
export function isFrameMarker(code: number): boolean {
  return code >= 0xc0 && code <= 0xcf && code !== 0xc4 && code !== 0xc8 && code !== 0xcc;
}

/** Markers without a length: TEM, RST0 to RST7, SOI, EOI, and the reserved ones, which libjpeg refuses later. */
function standsAlone(code: number): boolean {
  return code < 0xc0 || (code >= marker.restart0 && code <= marker.endOfImage);
}

/** Walks a file that begins with SOI from marker to marker. Never throws: what is missing is missing in the result. */
export function readJpegLayout(bytes: Uint8Array): JpegLayout {
  const segments: JpegSegment[] = [];
  let frame: JpegFrame | undefined;
  let scans = 0;
  let dataBytes = 0;
  let jfif = false;
  let adobeTransform: number | undefined;
  let exif: Uint8Array | undefined;
  let xmp: Uint8Array | undefined;
  let complete = false;

  for (let at = nextMarker(bytes, 2); at >= 0; ) {
    const code = bytes[at + 1]!;
    if (code === marker.endOfImage) {
      complete = true;
      break;
    }
    if (standsAlone(code)) {
      at = nextMarker(bytes, at + 2);
      continue;
    }
    if (at + 4 > bytes.length) break;
    const body = at + 4;
    const end = at + 2 + word(bytes, at + 2);
    if (end < body || end > bytes.length) break;
    const dataEnd = code === marker.startOfScan ? endOfScanData(bytes, end) : end;
    segments.push({ marker: code, start: at, body, end, dataEnd });
    if (code === marker.startOfScan) {
      scans++;
      dataBytes += dataEnd - end;
    } else if (isFrameMarker(code)) {
      frame ??= readFrame(bytes, code, body, end);
    } else if (code === marker.app0 && scans === 0) {
      jfif ||= end - body >= 14 && startsWith(bytes, body, "JFIF\0");
    } else if (code === marker.app14 && scans === 0) {
      if (end - body >= 12 && startsWith(bytes, body, "Adobe")) adobeTransform = bytes[body + 11]!;
    } else if (code === marker.app1) {
      if (startsWith(bytes, body, "Exif\0\0")) exif ??= bytes.subarray(body + 6, end);
      else if (startsWith(bytes, body, xmpNamespace)) xmp ??= bytes.subarray(body + xmpNamespace.length, end);
    }
    at = nextMarker(bytes, dataEnd);
  }
  return { frame, segments, scans, dataBytes, jfif, adobeTransform, exif, xmp, complete };
}

const xmpNamespace = "http://ns.adobe.com/xap/1.0/\0";

function readFrame(bytes: Uint8Array, code: number, body: number, end: number): JpegFrame | undefined {
  if (end - body < 6) return undefined;
  const count = bytes[body + 5]!;
  if (end - body < 6 + 3 * count) return undefined;
  const components = Array.from({ length: count }, (_, i): JpegComponent => {
    const at = body + 6 + 3 * i;
    return { id: bytes[at]!, h: bytes[at + 1]! >> 4, v: bytes[at + 1]! & 15, quantTable: bytes[at + 2]! };
  });
  return {
    process: code & 15,
    precision: bytes[body]!,
    height: word(bytes, body + 1),
    width: word(bytes, body + 3),
    components,
  };
}

/** Where the next marker's last 0xff is, from `from` on, whatever lies before it; -1 at the end of the file. */
function nextMarker(bytes: Uint8Array, from: number): number {
  let at = bytes.indexOf(0xff, from);
  while (at >= 0 && at + 1 < bytes.length) {
    const code = bytes[at + 1]!;
    if (code === 0xff) at++;
    else if (code === 0) at = bytes.indexOf(0xff, at + 2);
    else return at;
  }
  return -1;
}

/** One past the entropy-coded data: the next marker that is no restart marker, or the end of the file. */
function endOfScanData(bytes: Uint8Array, from: number): number {
  let at = nextMarker(bytes, from);
  while (at >= 0 && (bytes[at + 1]! & 0xf8) === marker.restart0) at = nextMarker(bytes, at + 2);
  return at < 0 ? bytes.length : at;
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

function startsWith(bytes: Uint8Array, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}
