/**
 * The errors of the library. Every error that a caller can meet is one of these classes, carries a stable `code`, and its
 * message says what is wrong, where, and what would be right. Imports nothing.
 */

/** Base of all errors thrown on purpose; `code` is stable and meant for programs, `message` for people. */
export class ResidualError extends Error {
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** Shapes that do not fit an operation. The message names the op, the shapes and what was expected. */
export class ShapeError extends ResidualError {
  constructor(message: string, options?: ErrorOptions) {
    super("shape", message, options);
  }
}

/** Why weights cannot be used: `code` of a WeightError. */
export type WeightErrorCode = "weights-missing" | "weights-format" | "weights-mismatch" | "weights-not-finite";

/** A weight file that cannot be had or read, whose tensors do not fit the network, or whose numbers make vectors that are none. */
export class WeightError extends ResidualError {
  declare readonly code: WeightErrorCode;
  constructor(code: WeightErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}

/** Why an image cannot be used: `code` of an ImageError. */
export type ImageErrorCode =
  | "not-found"
  | "not-readable"
  | "not-an-image"
  | "truncated"
  | "corrupt"
  | "too-large"
  | "unsupported";

/** An image that cannot be found, read or decoded. */
export class ImageError extends ResidualError {
  declare readonly code: ImageErrorCode;
  constructor(code: ImageErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}

/** A device (WebGPU adapter, WebAssembly engine) that is missing, lost, or whose limits are exceeded. */
export class DeviceError extends ResidualError {
  constructor(message: string, options?: ErrorOptions) {
    super("device", message, options);
  }
}

/** Something that this version does not do, with what it does instead. */
export class UnsupportedError extends ResidualError {
  constructor(message: string, options?: ErrorOptions) {
    super("unsupported", message, options);
  }
}

/** An option or argument of a wrong value; the message lists the right ones. */
export class OptionError extends ResidualError {
  constructor(message: string, options?: ErrorOptions) {
    super("option", message, options);
  }
}
