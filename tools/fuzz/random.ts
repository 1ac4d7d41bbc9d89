/** Random numbers from a seed and an index, so that each case can be made again alone (mulberry32). */
export class Random {
  #state: number;
  constructor(seed: number, index: number) {
    this.#state = (seed ^ Math.imul(index + 1, 0x9e3779b1)) >>> 0;
  }
  /** From 0 up to but without `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return Math.floor((((z ^ (z >>> 14)) >>> 0) / 2 ** 32) * limit);
  }
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}
