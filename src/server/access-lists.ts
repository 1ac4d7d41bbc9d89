/** Read lists of the store's folders (Algorithmia's ACLs), kept in one JSON file: `{ "my/alice/photos": ["user://*"] }`. */
import { readFile } from "node:fs/promises";
import { openOutput } from "#platform";
import { OptionError } from "../errors.ts";

/** `user://*`: everybody; `algo://.my/*`: the owner's algorithms; empty: the owner alone. */
export type ReadList = readonly string[];

export const readRules = ["user://*", "algo://.my/*"] as const;

/** Of a folder of which nothing was said: Algorithmia's default. */
const defaultList: ReadList = ["algo://.my/*"];

export class AccessLists {
  readonly #file: string;
  readonly #lists: Map<string, ReadList>;
  #writing: Promise<void> = Promise.resolve();

  private constructor(file: string, lists: Map<string, ReadList>) {
    this.#file = file;
    this.#lists = lists;
  }

  /** Throws OptionError where the file is there and is no such file. */
  static async open(file: string): Promise<AccessLists> {
    const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "{}";
      throw error;
    });
    try {
      const parsed: unknown = JSON.parse(text);
      if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw new Error("no object");
      const lists = new Map<string, ReadList>();
      for (const [key, list] of Object.entries(parsed)) {
        if (!Array.isArray(list) || !list.every((rule) => typeof rule === "string"))
          throw new Error(`${key} is no list`);
        lists.set(key, list);
      }
      return new AccessLists(file, lists);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new OptionError(`${file}: no file of access lists (${why}); mend it, or remove it for the defaults`);
    }
  }

  get(key: string): ReadList {
    return this.#lists.get(key) ?? defaultList;
  }

  async set(key: string, list: ReadList): Promise<void> {
    this.#lists.set(key, list);
    await this.#write();
  }

  /** Of a folder that is gone, and of all that were in it. */
  async forget(key: string): Promise<void> {
    const gone = [...this.#lists.keys()].filter((known) => known === key || known.startsWith(`${key}/`));
    if (gone.length === 0) return;
    for (const known of gone) this.#lists.delete(known);
    await this.#write();
  }

  /** One after another: each writes all there is by then. */
  #write(): Promise<void> {
    this.#writing = this.#writing
      .catch(() => undefined) // an earlier caller was told of it
      .then(async () => {
        const output = await openOutput(this.#file);
        await output.write(`${JSON.stringify(Object.fromEntries(this.#lists), null, 1)}\n`);
        await output.commit();
      });
    return this.#writing;
  }
}
