/** One image of a run: what it is called in the result, and where its bytes are. */
import type { ResidualError } from "../errors.ts";
import type { ImageSource } from "../model/image-source.ts";

/** An image that is fetched or unpacked when its turn comes. */
export interface ReadLater {
  /** Bytes that it will have, where that is known. */
  readonly size?: number;
  read(signal?: AbortSignal): Promise<Uint8Array>;
}

/** One image of a run. */
export interface NamedSource {
  /** As it stands in the result: the path, `archive.zip/inner/a.jpg`, or `image 3` for one that has none. */
  readonly image_path: string;
  /** An error stands for an image that cannot be had. */
  readonly source: ImageSource | ReadLater | ResidualError;
}
