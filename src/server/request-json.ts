/** JSON of a caller: bounded in depth before it is parsed, then held to a schema; the first thing that is wrong is said in one line. */
import type { z } from "zod";
import { nearestNames } from "../tensor/nearest-names.ts";
import { shown } from "./data-path.ts";
import { HttpError } from "./http-error.ts";

/** No request has more than four levels. */
const deepest = 16;

/** Throws HttpError 400 for what is no JSON in UTF-8, or nested too deeply. */
export function parseJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new HttpError(400, "bad-json", "the body is not UTF-8, as JSON must be");
  }
  checkDepth(bytes);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new HttpError(400, "bad-json", "the body is not JSON", { cause: error });
  }
}

/** Counts brackets outside strings: in UTF-8 none of these bytes is part of another character. */
function checkDepth(bytes: Uint8Array): void {
  const [quote, backslash, open, close, begin, end] = [34, 92, 91, 93, 123, 125];
  let depth = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (inString) {
      if (byte === backslash) i++;
      else if (byte === quote) inString = false;
    } else if (byte === quote) inString = true;
    else if (byte === open || byte === begin) {
      if (++depth > deepest)
        throw new HttpError(400, "bad-json", `the body's JSON is nested deeper than ${deepest} levels`);
    } else if (byte === close || byte === end) depth--;
  }
}

/** The value as the schema has it. Throws HttpError 400 with the first thing that is wrong. */
export function checked<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new HttpError(400, "bad-request", describeIssue(result.error.issues[0]!, keysOf(schema)));
}

function describeIssue(issue: z.core.$ZodIssue, keys: readonly string[]): string {
  if (issue.code === "unrecognized_keys") {
    const key = issue.keys[0]!;
    const near = nearestNames(key, keys, 1);
    return `there is no ${shown(key)}${near.length > 0 ? `; did you mean ${near[0]}?` : ""} (there are ${keys.join(", ")})`;
  }
  const place = issue.path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return place === "" ? issue.message : `${place.replace(/^\./, "")}: ${issue.message}`;
}

function keysOf(schema: z.ZodType): readonly string[] {
  return "shape" in schema && typeof schema.shape === "object" && schema.shape !== null
    ? Object.keys(schema.shape)
    : [];
}
