/**
 * JSON as a weight file's header needs it, which JSON.parse is not: duplicate keys are refused, objects are Maps (the order of
 * keys kept, no prototype to be reached by a key named `__proto__`), and integers are exact. Depth is bounded.
 */
import type { Breach } from "./weight-source.ts";
import { quoted } from "./weight-source.ts";

/** Integers of up to 20 characters are bigint, all other numbers are number. */
export type JsonValue = string | number | bigint | boolean | null | JsonValue[] | Map<string, JsonValue>;

const deepest = 16;

/** Parses one JSON text. Throws what `breach` makes of a fault: what was found, and at which character. */
export function parseStrictJson(text: string, breach: Breach): JsonValue {
  const parser = new Parser(text, breach);
  const value = parser.value(0);
  parser.end();
  return value;
}

class Parser {
  readonly #text: string;
  readonly #breach: Breach;
  #at = 0;

  constructor(text: string, breach: Breach) {
    this.#text = text;
    this.#breach = breach;
  }

  value(depth: number): JsonValue {
    if (depth > deepest) throw this.#breach(`nested deeper than ${deepest} levels at character ${this.#at}`);
    switch (this.#peek()) {
      case "{":
        return this.#object(depth);
      case "[":
        return this.#array(depth);
      case '"':
        return this.#string();
      case "t":
        return this.#word("true", true);
      case "f":
        return this.#word("false", false);
      case "n":
        return this.#word("null", null);
      default:
        return this.#number();
    }
  }

  end(): void {
    if (this.#peek() !== "") throw this.#unexpected("nothing more");
  }

  #object(depth: number): Map<string, JsonValue> {
    const members = new Map<string, JsonValue>();
    this.#at++;
    if (this.#skip("}")) return members;
    do {
      if (this.#peek() !== '"') throw this.#unexpected("a key in double quotes");
      const key = this.#string();
      if (members.has(key)) throw this.#breach(`the key ${quoted(key)} stands twice in one object`);
      if (!this.#skip(":")) throw this.#unexpected(`":" after the key ${quoted(key)}`);
      members.set(key, this.value(depth + 1));
    } while (this.#skip(","));
    if (!this.#skip("}")) throw this.#unexpected('"," or "}"');
    return members;
  }

  #array(depth: number): JsonValue[] {
    const items: JsonValue[] = [];
    this.#at++;
    if (this.#skip("]")) return items;
    do items.push(this.value(depth + 1));
    while (this.#skip(","));
    if (!this.#skip("]")) throw this.#unexpected('"," or "]"');
    return items;
  }

  #string(): string {
    const from = this.#at;
    let end = from;
    do {
      end = this.#text.indexOf('"', end + 1);
      if (end < 0) throw this.#breach(`the string at character ${from} has no end`);
    } while (this.#isEscaped(end));
    this.#at = end + 1;
    const token = this.#text.slice(from, end + 1);
    let text: string;
    try {
      text = JSON.parse(token);
    } catch {
      throw this.#breach(`the string ${quoted(token)} at character ${from} is not valid JSON`);
    }
    if (!text.isWellFormed()) throw this.#breach(`the string ${quoted(token)} has half a surrogate pair`);
    return text;
  }

  /** Whether the quote at `index` follows an odd number of backslashes. */
  #isEscaped(index: number): boolean {
    let first = index;
    while (this.#text[first - 1] === "\\") first--;
    return (index - first) % 2 === 1;
  }

  #number(): number | bigint {
    const pattern = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (!match) throw this.#unexpected("a value");
    this.#at = pattern.lastIndex;
    const token = match[0];
    const whole = match[1] === undefined && match[2] === undefined;
    return whole && token.length <= 20 ? BigInt(token) : Number(token);
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#unexpected("a value");
    this.#at += word.length;
    return value;
  }

  /** The next character that is no white space; "" at the end. */
  #peek(): string {
    let char = this.#text[this.#at];
    while (char === " " || char === "\n" || char === "\r" || char === "\t") char = this.#text[++this.#at];
    return char ?? "";
  }

  #skip(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at++;
    return true;
  }

  #unexpected(wanted: string): Error {
    const found = this.#at < this.#text.length ? quoted(this.#text.slice(this.#at, this.#at + 8)) : "the end";
    return this.#breach(`found ${found} at character ${this.#at}, expected ${wanted}`);
  }
}
