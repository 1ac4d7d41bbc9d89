/** What the compiler tells TypeScript's users, told to JavaScript's: options that are misspelt, missing or no options at all. */
import { OptionError } from "../errors.ts";

export interface CheckOptions {
  readonly needed?: readonly string[];
  readonly flags?: readonly string[];
  readonly hint?: string;
}

/**
 * Throws OptionError, naming `where`, unless `options` is a plain object that has no key but `keys`, all of `needed`, and nothing but
 * true, false or undefined in `flags`. `hint` ends the message where something else was given in its place.
 */
export function checkOptions(
  where: string,
  options: unknown,
  keys: readonly string[],
  { needed = [], flags = [], hint = "" }: CheckOptions = {},
): void {
  const expected = `expected an object with ${keys.join(", ")}`;
  if (!isPlainObject(options))
    throw new OptionError(`${where}: the options are ${describeValue(options)}; ${expected}${hint}`);
  const unknown = Object.keys(options).find((key) => !keys.includes(key));
  if (unknown !== undefined)
    throw new OptionError(`${where}: there is no option ${unknown}; there are ${keys.join(", ")}`);
  const given = new Map<string, unknown>(Object.entries(options));
  const missing = needed.find((key) => given.get(key) === undefined);
  if (missing !== undefined) throw new OptionError(`${where}: the option ${missing} is missing; ${expected}`);
  for (const key of flags) {
    const value = given.get(key);
    if (value !== undefined && typeof value !== "boolean")
      throw new OptionError(`${where}: ${key} is ${describeValue(value)}; expected true or false`);
  }
}

/** Throws OptionError unless every value is a whole number of at least 1. */
export function checkCounts(where: string, counts: Readonly<Record<string, unknown>>): void {
  for (const [what, value] of Object.entries(counts))
    if (!Number.isSafeInteger(value) || Number(value) < 1)
      throw new OptionError(
        `${where}: ${what} is ${typeof value === "number" ? value : describeValue(value)}; expected a whole number of at least 1`,
      );
}

/** Throws OptionError unless `signal` is absent or an AbortSignal. */
export function checkSignal(where: string, signal: unknown): void {
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw new OptionError(`${where}: signal is ${describeValue(signal)}; expected an AbortSignal`);
}

/** For messages: `null`, `a number`, `an array`, `an object of class Tensor`. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (Array.isArray(value)) return "an array";
  if (typeof value !== "object") return `a ${typeof value}`;
  const name = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name === "string" && name !== "Object" ? `an object of class ${name}` : "an object";
}

/** `{ … }`, and nothing of a class. */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
