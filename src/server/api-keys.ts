/**
 * Who may call: keys and the users that they belong to. The file has a line a key, `USER sha256:HEX`, so that it holds no key; a key is
 * compared by its digest, in constant time, with all of them.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";
import { OptionError } from "../errors.ts";
import { HttpError } from "./http-error.ts";

/** The user of a server without keys, and of the one key from the environment. */
export const localUser = "local";

interface Entry {
  readonly user: string;
  readonly digest: Buffer;
}

const userName = /^[a-z0-9][a-z0-9_-]{0,63}$/;

export class ApiKeys {
  readonly #entries: readonly Entry[];

  private constructor(entries: readonly Entry[]) {
    this.#entries = entries;
  }

  /** No keys: everybody is `local`. For servers that listen on loopback alone. */
  static none(): ApiKeys {
    return new ApiKeys([]);
  }

  /** Of a key file's text, `name` in messages, and one key of `localUser` beside it. Throws OptionError with the line that is wrong. */
  static parse(text: string, name: string, localKey?: string): ApiKeys {
    const entries: Entry[] = [];
    for (const [i, line] of text.split(/\r?\n/).entries()) {
      if (/^\s*(#|$)/.test(line)) continue;
      const wrong = (what: string): OptionError => new OptionError(`${name}:${i + 1}: ${what}`);
      const [user = "", key = "", ...rest] = line.trim().split(/\s+/);
      if (!userName.test(user)) throw wrong("a user's name has a-z, 0-9, _ and -, and at most 64 of them");
      const digest = /^sha256:([0-9a-f]{64})$/i.exec(key)?.[1];
      if (digest === undefined || rest.length > 0)
        throw wrong("expected USER sha256:HEX, the key's digest (printf %s KEY | sha256sum), and nothing else");
      add(entries, { user, digest: Buffer.from(digest, "hex") }, wrong);
    }
    if (localKey !== undefined) {
      const wrong = (what: string): OptionError => new OptionError(`RESIDUAL_API_KEY: ${what}`);
      if (!/^[\x21-\x7e]{8,512}$/.test(localKey)) throw wrong("a key has 8 to 512 characters of ASCII, no spaces");
      add(entries, { user: localUser, digest: digestOf(localKey) }, wrong);
    }
    if (entries.length === 0) throw new OptionError(`${name}: names no key; expected lines of USER sha256:HEX`);
    return new ApiKeys(entries);
  }

  /** From a file, the environment, or neither. Throws OptionError. */
  static async load(file: string | undefined, localKey: string | undefined): Promise<ApiKeys> {
    if (file === undefined)
      return localKey === undefined ? ApiKeys.none() : ApiKeys.parse("", "RESIDUAL_API_KEY", localKey);
    const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
      throw new OptionError(`--keys ${file}: cannot be read (${error.code ?? error.message})`, { cause: error });
    });
    return ApiKeys.parse(text, file, localKey);
  }

  get isOpen(): boolean {
    return this.#entries.length === 0;
  }

  /** The user of an Authorization header: `KEY`, `Simple KEY` or `Bearer KEY`. Throws HttpError 401. */
  userOf(authorization: string | undefined): string {
    if (this.isOpen) return localUser;
    const key = (authorization ?? "").trim().replace(/^(simple|bearer)\s+/i, "");
    if (key === "") throw unauthorized("a key is needed: Authorization: Simple KEY (or Bearer KEY, or the key alone)");
    const digest = digestOf(key);
    let found: Entry | undefined;
    for (const entry of this.#entries) if (timingSafeEqual(entry.digest, digest)) found = entry;
    if (!found) throw unauthorized("this key is not known here");
    return found.user;
  }
}

function add(entries: Entry[], entry: Entry, wrong: (what: string) => OptionError): void {
  const same = entries.find(({ digest }) => digest.equals(entry.digest));
  if (same) throw wrong(`the same key as of ${same.user}; each line has a key of its own`);
  entries.push(entry);
}

function digestOf(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}

function unauthorized(message: string): HttpError {
  return new HttpError(401, "unauthorized", message, { headers: { "WWW-Authenticate": 'Simple realm="residual"' } });
}
