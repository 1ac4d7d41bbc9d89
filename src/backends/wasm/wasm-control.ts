/**
 * How threads share a run: a block of counters that all of them see. A stage is cut into pieces; whoever is free takes the next few, and a
 * stage is over when all its pieces are done, whoever did them. So no thread is needed: one that is still decoding an image joins
 * where the others are, and one that comes too late finds nothing to do.
 *
 * Counters are zeroed between runs, so nobody may be inside then: whoever enters counts itself (`inside`) and leaves at once where the run
 * that it was called for is not the one that is open. Numbers of runs are never used twice.
 */

/** Int32s of a cache line: counters that different threads write do not share one. */
const line = 16;
const openRun = 0;
const inside = line;
const stopped = 2 * line;
const firstStage = 3 * line;
const nextOf = (stage: number): number => firstStage + 2 * line * stage;
const doneOf = (stage: number): number => nextOf(stage) + line;

/** How many times each thread comes for pieces of a stage: more even out, fewer cost less. */
const turnsPerThread = 8;
/** A thread that waits looks this many times before it sleeps: some 50 µs. Waking takes longer than most waits. */
const looks = 4000;
/** How long it sleeps before it looks whether it was stopped. */
const sleepMilliseconds = 50;

/** Stages of a run, as a thread does them. */
export interface SharedStage {
  readonly pieces: number;
  run(begin: number, end: number): void;
}

export class WasmControl {
  readonly buffer: SharedArrayBuffer | ArrayBuffer;
  readonly #words: Int32Array<ArrayBufferLike>;

  constructor(buffer: SharedArrayBuffer | ArrayBuffer) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
  }

  static bytes(stages: number): number {
    return 4 * nextOf(stages);
  }

  /** The owner: opens a run. Nobody may be inside. */
  open(run: number): void {
    this.#words.fill(0, firstStage);
    Atomics.store(this.#words, stopped, 0);
    Atomics.store(this.#words, openRun, run);
  }

  /** The owner: nobody enters any more. True when nobody is inside. */
  close(): boolean {
    Atomics.store(this.#words, openRun, 0);
    return Atomics.load(this.#words, inside) === 0;
  }

  /** Whoever is inside leaves before its next pieces. */
  stop(): void {
    Atomics.store(this.#words, stopped, 1);
  }

  /**
   * A thread: does pieces of every stage until all are done. False where the run is not open any more, or was stopped. Throws what a stage
   * throws, after stopping the others. `onStage` is called when a stage is over.
   */
  join(run: number, stages: readonly SharedStage[], threads: number, onStage?: (stage: number) => void): boolean {
    const words = this.#words;
    Atomics.add(words, inside, 1);
    try {
      if (Atomics.load(words, openRun) !== run) return false;
      for (let s = 0; s < stages.length; s++) {
        if (!this.#share(s, stages[s]!, threads)) return false;
        onStage?.(s);
      }
      return true;
    } catch (error) {
      this.stop();
      throw error;
    } finally {
      Atomics.sub(words, inside, 1);
    }
  }

  #share(s: number, stage: SharedStage, threads: number): boolean {
    const words = this.#words;
    const [next, done, { pieces }] = [nextOf(s), doneOf(s), stage];
    const few = Math.max(1, Math.ceil(pieces / (threads * turnsPerThread)));
    for (;;) {
      if (Atomics.load(words, stopped) !== 0) return false;
      const begin = Atomics.add(words, next, few);
      if (begin >= pieces) break;
      const end = Math.min(pieces, begin + few);
      stage.run(begin, end);
      if (Atomics.add(words, done, end - begin) + end - begin === pieces) Atomics.notify(words, done);
    }
    return this.#await(done, pieces);
  }

  /** Until all pieces are done; false when stopped. */
  #await(done: number, pieces: number): boolean {
    const words = this.#words;
    for (let look = 0; ; look++) {
      const seen = Atomics.load(words, done);
      if (seen >= pieces) return true;
      if (look < looks) continue;
      if (Atomics.load(words, stopped) !== 0) return false;
      Atomics.wait(words as Int32Array<SharedArrayBuffer>, done, seen, sleepMilliseconds);
    }
  }
}
