/** Where bytes come from, as types: what the public API needs of the platform. Free of WebGPU's types, which not every user has. */

/** Where bytes come from: a file's path (only where there are files), a URL object, a Blob or File, or the bytes themselves. */
export type Source = string | URL | Uint8Array | ArrayBuffer | Blob;

/** Something opened for reading in ranges. All failures are `FileError`s that start with `name`. */
export interface ByteSource {
  /** For messages: the path as it was given, a URL, a File's name, `blob` or `bytes`. */
  readonly name: string;
  /** Bytes in all, as of opening. */
  readonly size: number;
  /**
   * Exactly `length` bytes from `offset`, in a fresh array that is the caller's and starts its own buffer (byteOffset 0), so that
   * wider typed arrays can be laid over it. Throws when the range is not within `size` or the file has become shorter.
   */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Opens another file by its path from this one's folder, `shards/b.bin`: a part of the same thing, so it must lie within that folder. Absent
   * where there is no folder (bytes, Blobs). Throws FileError: `not-found`, or `not-readable` for a path that is absolute, has `..` in
   * it, or leads out of the folder by a link.
   */
  beside?(path: string): Promise<ByteSource>;
  /** Lets go of the file; reads fail from then on. May be called twice. */
  close(): Promise<void>;
}
