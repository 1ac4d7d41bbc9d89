/** The option --engine, which names one of a benchmark's engines and may be given again. */
import { Option } from "commander";
import { oneOf } from "../../src/cli/option-parsers.ts";

export function engineOption<T extends string>(names: readonly T[]): Option {
  const parse = oneOf("--engine", names, "there is no such engine");
  return new Option("--engine <name>", `${names.join(", ")}; may be given several times`).argParser(
    (value: string, before: T[] = []) => [...before, parse(value)],
  );
}
