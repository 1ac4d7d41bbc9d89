/** A file that can be fetched, as a table knows it: what tells that it is the right one, its length above all, which may be known roughly. */

/** A file, and how it is known to be the right one. */
export interface RemoteFile {
  readonly file: string;
  /** In hexadecimal, whole or its beginning. */
  readonly sha256: string;
  /** Its length, exactly or as published in mebibytes with three decimals. */
  readonly bytes?: number;
  readonly mebibytes: number;
}

/** Half a unit of the third decimal, and a little for the rounding of doubles. */
const roundedBy = 0.00051;

/** Whether a file of that many bytes can be this one. */
export function hasLengthOf({ bytes, mebibytes }: RemoteFile, length: number): boolean {
  return bytes === undefined ? Math.abs(length / 2 ** 20 - mebibytes) <= roundedBy : length === bytes;
}

/** The most bytes that the file can have. */
export function longestOf({ bytes, mebibytes }: RemoteFile): number {
  return bytes ?? Math.ceil((mebibytes + roundedBy) * 2 ** 20);
}

/** `102530333 bytes`, or `about 170.5 MiB` where only that is known. */
export function lengthInWords({ bytes, mebibytes }: RemoteFile): string {
  return bytes === undefined ? `about ${mebibytes} MiB` : `${bytes} bytes`;
}
