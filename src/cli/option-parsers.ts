/** Parsers of option values, whose errors are one line that names the option, the value and what would be right. */
import type { Command } from "commander";
import { UsageError } from "./exit.ts";

/** One of `choices`; `what` is said of a value that is none: `--device gpu: there is no such device; use …`. */
export function oneOf<T extends string>(flag: string, choices: readonly T[], what: string): (value: string) => T {
  return (value) => {
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return found;
    throw new UsageError(`${flag} ${shown(value)}: ${what}; use ${listOr(choices)}`);
  };
}

/** A whole number of `choices`. */
export function oneNumberOf(flag: string, choices: readonly number[], what: string): (value: string) => number {
  const parse = oneOf(flag, choices.map(String), what);
  return (value) => Number(parse(value));
}

/** A whole number from `least` to `most`. */
export function wholeNumber(flag: string, least: number, most: number): (value: string) => number {
  return (value) => {
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new UsageError(`${flag} ${shown(value)}: expected a whole number from ${least} to ${most}`);
  };
}

/** A name as it stands, of at least one character. */
export function notEmpty(flag: string): (value: string) => string {
  return (value) => {
    if (value !== "") return value;
    throw new UsageError(`${flag} "": an empty name; leave the option out for its default`);
  };
}

/** Makes a second value for any option of the command an error: the first would be lost without a word. `but`: options that gather values. */
export function refuseRepeats(command: Command, but: readonly string[] = []): void {
  for (const option of command.options) {
    let seen = false;
    command.on(`option:${option.name()}`, () => {
      if (seen && option.required && !but.includes(option.name()))
        throw new UsageError(`${option.long}: given twice; it takes one value`);
      seen = true;
    });
  }
}

/** A value as it stands, quoted where it is empty or has spaces. */
export function shown(value: string): string {
  return /^\S+$/.test(value) ? value : JSON.stringify(value);
}

function listOr(items: readonly string[]): string {
  return items.length < 2 ? items.join() : `${items.slice(0, -1).join(", ")} or ${items.at(-1)}`;
}
