/**
 * What the pool and its workers say to each other, and how an error crosses: structured clones lose an error's class and code, so both
 * sides speak of errors as plain data.
 */
import * as errors from "../errors.ts";
import { FileError } from "./byte-source.ts";

/** To a worker: a call of a job's method, or the answer to what one asked. */
export type ToWorker =
  | {
      readonly kind: "call";
      readonly id: number;
      readonly job: string;
      readonly method: string;
      readonly data: unknown;
      readonly worker: number;
    }
  | ({ readonly kind: "answer"; readonly id: number } & Outcome);

/** In place of a call: where a package's file is (platform.ts, `packageFileUrl`). */
export const packageQuestion = -1;

/** From a worker: a call's outcome, or a question of a call that is under way. */
export type FromWorker =
  | ({ readonly kind: "done"; readonly id: number } & Outcome)
  | { readonly kind: "ask"; readonly id: number; readonly call: number; readonly data: unknown };

export type Outcome = { readonly value: unknown; readonly error?: undefined } | { readonly error: ErrorData };

/** An error as plain data. */
export interface ErrorData {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: ErrorData;
}

export function errorToData(error: unknown): ErrorData {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message, stack, cause } = error;
  return {
    ...{ name, message, stack },
    ...(error instanceof errors.ResidualError ? { code: error.code } : {}),
    ...(cause === undefined ? {} : { cause: errorToData(cause) }),
  };
}

/** By the name that ResidualError gives each: its class's own. */
const withCode: Readonly<Record<string, new (code: never, message: string, options?: ErrorOptions) => Error>> = {
  ResidualError: errors.ResidualError,
  WeightError: errors.WeightError,
  ImageError: errors.ImageError,
  FileError,
};
const withoutCode: Readonly<Record<string, new (message: string, options?: ErrorOptions) => Error>> = {
  ShapeError: errors.ShapeError,
  DeviceError: errors.DeviceError,
  UnsupportedError: errors.UnsupportedError,
  OptionError: errors.OptionError,
  TypeError,
  RangeError,
};

export function errorFromData({ name, message, code, stack, cause }: ErrorData): Error {
  const options = cause === undefined ? undefined : { cause: errorFromData(cause) };
  const Coded = withCode[name];
  const Plain = withoutCode[name] ?? Error;
  const error = Coded ? new Coded(code as never, message, options) : new Plain(message, options);
  if (stack !== undefined) error.stack = stack; // where it happened, not where it was heard of
  return error;
}
