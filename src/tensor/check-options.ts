/** What the compiler tells TypeScript's users, told to JavaScript's: options that are misspelt, missing or no options at all. */
import { OptionError } from "../errors.ts";

/**
 * Throws OptionError, naming `where`, unless `options` is a plain object that has no key but `keys`, and all of `needed`.
 * `hint` ends the message where something else was given in its place.
 */
export function checkOptions(
  where: string,
  options: unknown,
  keys: readonly string[],
  { needed = [], hint = "" }: { readonly needed?: readonly string[]; readonly hint?: string } = {},
): void {
  const expected = `expected an object with ${keys.join(", ")}`;
  if (!isPlainObject(options))
    throw new OptionError(`${where}: the options are ${describeValue(options)}; ${expected}${hint}`);
  const unknown = Object.keys(options).find((key) => !keys.includes(key));
  if (unknown !== undefined)
    throw new OptionError(`${where}: there is no option ${unknown}; there are ${keys.join(", ")}`);
  const missing = needed.find((key) => !(key in options) || options[key as keyof typeof options] === undefined);
  if (missing !== undefined) throw new OptionError(`${where}: the option ${missing} is missing; ${expected}`);
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

function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
