/**
 * Names in the store: `data://.my/photos/a.jpg`, or the same behind `/v1/data/` of a request. A name is checked here once, part by part, and
 * nothing but its parts is ever joined to the store's root. What could mean another place in any spelling is refused and not cleaned.
 */
import { HttpError } from "./http-error.ts";

/** `my`: a user's own files; `session` and `algo`: Algorithmia's other collections, a user's own too; `root`: the list of collections. */
export type Collection = "root" | "my" | "session" | "algo";

export interface DataPath {
  readonly collection: Collection;
  readonly user: string;
  /** Below the collection; none is the collection itself. */
  readonly parts: readonly string[];
  /** As it was asked for, in one spelling: `data://.my/photos/a.jpg`. */
  readonly text: string;
}

const longestName = 255;
const mostParts = 64;

/** A path of a request's target, percent-encoded, as `user` asks for it. Throws HttpError 400 or 404. */
export function pathOfTarget(encoded: string, user: string): DataPath {
  const parts = encoded.split("/").map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      throw refused(part, "is not UTF-8 in percent-encoding");
    }
  });
  return pathOfParts(parts, user);
}

/** A `data://` address as it stands in a request, not encoded. Throws HttpError 400 or 404. */
export function pathOfUrl(text: string, user: string): DataPath {
  if (!text.startsWith("data://")) throw new HttpError(400, "bad-path", `${shown(text)}: is no data:// address`);
  return pathOfParts(text.slice("data://".length).split("/"), user);
}

/** A name within a folder. Throws HttpError 400. */
export function childOf(path: DataPath, name: string): DataPath {
  if (name === "") throw refused(name, "is empty");
  checkPart(name);
  const parts = [...path.parts, name];
  if (parts.length > mostParts) throw refused(name, `lies more than ${mostParts} folders deep`);
  return { ...path, parts, text: `${path.text.replace(/\/$/, "")}/${name}` };
}

function pathOfParts(all: readonly string[], user: string): DataPath {
  const parts = all.filter((part) => part !== ""); // `//` and a last `/` mean nothing
  for (const part of parts) checkPart(part);
  if (parts.length > mostParts) throw refused(parts.at(-1)!, `lies more than ${mostParts} folders deep`);
  const [first, ...rest] = parts;
  const text = `data://${parts.join("/")}`;
  if (first === undefined) return { collection: "root", user, parts: [], text };
  const collection = first === ".my" || first === user ? "my" : first === ".session" ? "session" : "algo";
  if (collection === "algo" && first !== ".algo") throw notThere(text);
  return { collection, user, parts: rest, text };
}

/** Of what another user has, and of what nobody has, the same is said: that it is there is no business of the caller's. */
export function notThere(text: string): HttpError {
  return new HttpError(404, "not-found", `${shown(text)}: there is no such file or folder for this key`);
}

function checkPart(part: string): void {
  if (!part.isWellFormed()) throw refused(part, "is not well-formed Unicode");
  if (/[\p{Cc}\u2028\u2029]/u.test(part)) throw refused(part, "has a control character in it");
  if (Buffer.byteLength(part) > longestName) throw refused(part, `is longer than ${longestName} bytes`);
  if (/^[a-z]:$/i.test(part)) throw refused(part, "is the name of a drive");
  for (const spelling of spellingsOf(part)) {
    if (/[/\\\0]/.test(spelling)) throw refused(part, "has a slash, a backslash or a NUL in it");
    if (spelling === "." || spelling === "..") throw refused(part, "means another folder");
  }
  // Wide and small forms: one name where they stand for a slash between two, but no way up.
  if (
    part
      .normalize("NFKC")
      .split(/[/\\]/)
      .some((piece) => piece === "." || piece === "..")
  )
    throw refused(part, "means another folder in Unicode's wide or small forms");
}

/** The part, and what it would be were it decoded again and again: nobody in between must be able to make `..` of it. */
function spellingsOf(part: string): string[] {
  const spellings = [part];
  for (let next = part; spellings.length < 6; spellings.push(next)) {
    const decoded = next.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    if (decoded === next) break;
    next = decoded;
  }
  return spellings;
}

function refused(part: string, why: string): HttpError {
  return new HttpError(
    400,
    "bad-path",
    `a path's part ${shown(part)} ${why}; name files by plain names between slashes`,
  );
}

/** For messages: in quotes, escaped, not too long. */
export function shown(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
