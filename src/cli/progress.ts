/** How far a run is, how fast it goes, and when it may end: said after each batch, at most a few times a second. */
import type { Console } from "./console.ts";

/** Milliseconds between two lines for programs. */
const apart = 500;
/** Batches over which the speed is taken. */
const window = 32;

export class Progress {
  readonly #console: Console;
  readonly #total: number | undefined;
  readonly #marks: { readonly at: number; readonly done: number }[];
  #done: number;
  #said = Number.NEGATIVE_INFINITY;

  /** `total` is unknown where images lie in archives that cannot be looked through; `done` is what an earlier run did. */
  constructor(console: Console, total: number | undefined, done = 0) {
    this.#console = console;
    this.#total = total;
    this.#done = done;
    this.#marks = [{ at: performance.now(), done }];
  }

  /** `last`: there are no more, so it is said whatever the time. */
  add(images: number, last = false): void {
    this.#done += images;
    const at = performance.now();
    const done = this.#done;
    this.#marks.push({ at, done });
    if (this.#marks.length > window) this.#marks.shift();
    if (at - this.#said < apart && done !== this.#total && !last) return;
    this.#said = at;
    const first = this.#marks[0]!;
    const imagesPerSecond = (1000 * (done - first.done)) / Math.max(1e-6, at - first.at);
    this.#console.progress({ done, total: this.#total, imagesPerSecond });
  }
}
