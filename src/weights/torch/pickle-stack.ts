/** The stack of the pickle machine: values, and the MARKs below which nothing is taken until the mark itself is. Bounded. */
import type { Breach } from "../weight-source.ts";
import type { Value } from "./pickle-values.ts";

/** Values that may lie on the stack at once: more than the thousand of a batch, and a tuple of any size that a checkpoint has. */
const deepestStack = 200_000;

/** Its methods throw what `breach` makes of a stack that has not what is wanted of it. */
export class PickleStack {
  readonly #values: Value[] = [];
  /** For each MARK, the length of the stack where it stands. */
  readonly #marks: number[] = [];
  readonly #breach: Breach;

  constructor(breach: Breach) {
    this.#breach = breach;
  }

  mark(): void {
    if (this.#marks.length >= deepestStack) throw this.#breach("its stack grows without end");
    this.#marks.push(this.#values.length);
  }

  /** Takes a value away, or a mark where one is the last. */
  popOrUnmark(): void {
    if (this.#marks.at(-1) === this.#values.length) this.#marks.pop();
    else this.pop();
  }

  push(value: Value): void {
    if (this.#values.length >= deepestStack) throw this.#breach("its stack grows without end");
    this.#values.push(value);
  }

  /** The stack's length below which the last MARK forbids to reach. */
  #floor(): number {
    return this.#marks.at(-1) ?? 0;
  }

  pop(): Value {
    if (this.#values.length <= this.#floor()) throw this.#breach("a value is wanted, and its stack has none");
    return this.#values.pop()!;
  }

  popSome(count: number): Value[] {
    if (this.#values.length - count < this.#floor())
      throw this.#breach(`${count} values are wanted, and its stack has fewer`);
    return this.#values.splice(this.#values.length - count);
  }

  popMark(): Value[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw this.#breach("a MARK is wanted, and there is none");
    return this.#values.splice(mark);
  }

  top(): Value {
    if (this.#values.length <= this.#floor()) throw this.#breach("a value is wanted, and its stack has none");
    return this.#values.at(-1)!;
  }

  last(): Value {
    if (this.#marks.length > 0 || this.#values.length !== 1)
      throw this.#breach("it stops with more or less than one value");
    return this.#values[0]!;
  }
}
