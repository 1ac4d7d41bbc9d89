/** A call of the algorithm: its name in the path, its options in the query, its input in a body of one of four kinds. */
import { z } from "zod";
import { depths } from "../model/architectures.ts";
import { shown } from "./data-path.ts";
import { HttpError } from "./http-error.ts";
import { algorithmName } from "./limits.ts";
import { checked, parseJson } from "./request-json.ts";
import { queryOf, type RequestTarget } from "./request-target.ts";

const versions = ["1.0.0", "1.0", "1"];

export const defaultDepth = 50;
const depthList = `${depths.slice(0, -1).join(", ")} or ${depths.at(-1)}`;
export const depthSchema = z
  .literal([...depths], { error: `there is no ResNet of that depth; use ${depthList}` })
  .meta({ description: "Depth of the ResNet." });

/** By hand: a schema of lists makes an object of each entry that is wrong, and a body has room for millions. */
function isPathOrList(value: unknown): value is string | readonly string[] {
  if (!Array.isArray(value)) return typeof value === "string" && value !== "";
  return value.length > 0 && value.every((path) => typeof path === "string" && path !== "");
}

/** The request as the service's page has it. */
const algorithmRequest = z.strictObject(
  {
    image_path: z.custom<string | readonly string[]>(isPathOrList, {
      error: (issue) =>
        issue.input === undefined
          ? "is missing; name a folder, an image, or a list of images (data://.my/photos)"
          : Array.isArray(issue.input)
            ? issue.input.length === 0
              ? "is an empty list; name at least one image"
              : "expected a list of addresses, none of them empty"
            : "expected an address, such as data://.my/photos, or a list of them",
    }),
    resnet_depth: depthSchema.default(defaultDepth),
  },
  {
    error:
      'expected {"image_path": …, "resnet_depth"?: …}, the address of a folder or image as text, or the bytes of an image',
  },
);

/** What Node's Buffer makes of itself as JSON; a client sends images so. */
function bufferOf(value: unknown): Uint8Array | undefined {
  if (typeof value !== "object" || value === null || !("type" in value) || value.type !== "Buffer") return undefined;
  const data = "data" in value ? value.data : undefined;
  if (!Array.isArray(data) || !data.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255))
    return undefined;
  return Uint8Array.from(data);
}

export type AlgorithmInput =
  | { readonly kind: "paths"; readonly paths: string | readonly string[]; readonly depth: number }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array; readonly depth: number };

/** Throws HttpError 404 unless the path below `/v1/algo/` names the algorithm, in any of the spellings of its clients. */
export function checkAlgorithm({ path }: RequestTarget, aliases: readonly string[]): void {
  let name: string;
  try {
    name = decodeURIComponent(path.replace(/^\/v1\/algo/, ""));
  } catch {
    throw new HttpError(400, "bad-path", "the request's path is not UTF-8 in percent-encoding");
  }
  const parts = name
    .replace(/^\/*(algo:\/*)?/, "")
    .split("/")
    .filter((part) => part !== "");
  const [user, algorithm, version, ...more] = parts;
  const asked = `${user ?? ""}/${algorithm ?? ""}`;
  if (![algorithmName, ...aliases].includes(asked) || more.length > 0)
    throw new HttpError(
      404,
      "no-algorithm",
      `there is no algorithm ${shown(parts.join("/"))} here; there is ${algorithmName}`,
    );
  if (version !== undefined && !versions.includes(version))
    throw new HttpError(404, "no-algorithm", `${algorithmName} has no version ${shown(version)}; it has 1.0.0`);
}

export interface AlgorithmOptions {
  /** Seconds; undefined: the server's own. */
  readonly timeout: number | undefined;
  /** The server gives less than was asked for. */
  readonly shortened: boolean;
  readonly stdout: boolean;
  readonly output: "default" | "raw" | "void";
}

/** Options of the query. Throws HttpError 400 for those that are none. */
export function algorithmOptions(target: RequestTarget, longest: number): AlgorithmOptions {
  const options = {
    timeout: undefined as number | undefined,
    shortened: false,
    stdout: false,
    output: "default" as AlgorithmOptions["output"],
  };
  for (const [name, value] of queryOf(target)) {
    const wrong = (what: string): HttpError =>
      new HttpError(400, "bad-option", `option ${name}=${shown(value)}: ${what}`);
    if (name === "timeout") {
      const seconds = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
      if (!(seconds > 0)) throw wrong("expected seconds, above 0");
      options.timeout = Math.min(seconds, longest);
      options.shortened = seconds > longest;
    } else if (name === "stdout") {
      if (!/^(true|false)$/i.test(value)) throw wrong("expected true or false");
      options.stdout = value.toLowerCase() === "true";
    } else if (name === "output") {
      if (value !== "raw" && value !== "void" && value !== "default") throw wrong("expected raw, void or default");
      options.output = value;
    } else if (name !== "") throw wrong("there is no such option; there are timeout, stdout and output");
  }
  return options;
}

/** Throws HttpError 400 or 415 for what is no input. */
export function algorithmInput(contentType: string | undefined, bytes: Uint8Array): AlgorithmInput {
  const type = (contentType ?? "application/json").split(";")[0]!.trim().toLowerCase();
  switch (type) {
    case "application/octet-stream":
      return { kind: "bytes", bytes, depth: defaultDepth };
    case "text/plain":
      return { kind: "paths", paths: textOf(bytes), depth: defaultDepth };
    case "application/json":
      return ofJson(parseJson(bytes));
    default:
      throw new HttpError(
        415,
        "content-type",
        `content-type ${shown(type)}: expected application/json, text/plain or application/octet-stream`,
      );
  }
}

function ofJson(value: unknown): AlgorithmInput {
  if (typeof value === "string") return { kind: "paths", paths: notEmpty(value), depth: defaultDepth };
  const bytes = bufferOf(value);
  if (bytes) return { kind: "bytes", bytes, depth: defaultDepth };
  const { image_path, resnet_depth } = checked(algorithmRequest, value);
  return { kind: "paths", paths: image_path, depth: resnet_depth };
}

function textOf(bytes: Uint8Array): string {
  try {
    return notEmpty(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    if (error instanceof HttpError) throw error;
    throw new HttpError(
      400,
      "bad-request",
      "the text is not UTF-8; bytes of an image come as application/octet-stream",
    );
  }
}

function notEmpty(text: string): string {
  if (text !== "") return text;
  throw new HttpError(400, "bad-request", "the input is empty; name a folder or an image, such as data://.my/photos");
}
