/** What every format's decoder gives: pixels, and the metadata that can say which way up they are. Types only. */
import type { RgbImage } from "./rgb-image.ts";

export interface DecodedFile {
  readonly image: RgbImage;
  /** The EXIF block as the file has it (a TIFF structure, perhaps after "Exif\0\0"), not yet looked at. */
  readonly exif?: Uint8Array | undefined;
  /** The XMP packet, not yet looked at. */
  readonly xmp?: Uint8Array | undefined;
}
