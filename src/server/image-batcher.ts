/**
 * Images of all callers on their way to the networks. Each is decoded in the pool's threads as soon as there is room; decoded ones are run
 * together, a batch of one network at a time, whoever they belong to. While one batch runs the next is decoded. A vector does not depend on
 * its batch, so nobody can tell who else was in it.
 */

import { decodeInPool, type LateImage } from "../model/decode-in-pool.ts";
import { finiteError } from "../model/finite.ts";
import type { ImageSource } from "../model/image-source.ts";
import { defaultLayer } from "../model/model.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";
import { untilAborted } from "../tensor/until-aborted.ts";
import type { ModelCache } from "./model-cache.ts";

export interface ImageJob {
  readonly depth: number;
  /** What messages call the image. */
  readonly name: string;
  /** The image; asked for when there is room for it. A file of the store is read later still, when a thread is free. */
  readonly source: () => Promise<ImageSource | LateImage>;
  readonly signal: AbortSignal;
}

export interface BatcherOptions {
  /** Images of a run. */
  readonly batch: number;
  /** Milliseconds that a run waits for the next image that is being decoded, while it has less than a batch. */
  readonly wait: number;
  readonly onBatch?: (depth: number, images: number, seconds: number) => void;
}

/** Batches of images that are read, decoded or ready at once. */
const batchesAhead = 4;

interface Ready {
  readonly input: HostTensor;
  readonly name: string;
  readonly signal: AbortSignal;
  readonly since: number;
  readonly resolve: (vector: Float32Array) => void;
  readonly reject: (error: unknown) => void;
}

/** The images of one network. */
interface Lane {
  ready: Ready[];
  /** Images that are being read or decoded: more to come. */
  coming: number;
}

export class ImageBatcher {
  readonly #models: ModelCache;
  readonly #options: BatcherOptions;
  readonly #room: Room;
  readonly #lanes = new Map<number, Lane>();
  #running = false;
  #changed: () => void = () => undefined;

  constructor(models: ModelCache, options: BatcherOptions) {
    this.#models = models;
    this.#options = options;
    this.#room = new Room(options.batch * batchesAhead);
  }

  /** Images that wait for room. */
  get waiting(): number {
    return this.#room.waiting;
  }

  /**
   * The vector of an image. Throws ImageError for one that cannot be read or decoded, WeightError, DeviceError, what `source` throws, and the
   * signal's reason as soon as that is aborted.
   */
  async submit({ depth, name, source, signal }: ImageJob): Promise<Float32Array> {
    const { preset } = await this.#models.facts(depth, signal);
    const leave = await this.#room.enter(signal);
    try {
      const lane = this.#laneOf(depth);
      lane.coming++;
      let input: HostTensor;
      try {
        input = await decodeInPool(await untilAborted(source(), signal), preset, { name, signal });
      } finally {
        lane.coming--;
        this.#changed();
      }
      return await this.#vectorOf(lane, input, name, signal);
    } finally {
      leave();
    }
  }

  #vectorOf(lane: Lane, input: HostTensor, name: string, signal: AbortSignal): Promise<Float32Array> {
    const vector = new Promise<Float32Array>((resolve, reject) => {
      lane.ready.push({ input, name, signal, since: performance.now(), resolve, reject });
      this.#changed();
      if (!this.#running) void this.#run();
    });
    return untilAborted(vector, signal);
  }

  #laneOf(depth: number): Lane {
    const lane = this.#lanes.get(depth) ?? { ready: [], coming: 0 };
    this.#lanes.set(depth, lane);
    return lane;
  }

  /** Batch after batch, until nothing is ready. */
  async #run(): Promise<void> {
    this.#running = true;
    try {
      for (let next = this.#oldest(); next; next = this.#oldest()) {
        const [depth, lane] = next;
        await this.#gather(lane);
        const batch = lane.ready.splice(0, this.#options.batch).filter(({ signal }) => !signal.aborted);
        if (batch.length > 0) await this.#runBatch(depth, batch);
      }
    } finally {
      this.#running = false;
    }
  }

  /** The network whose image waits longest. */
  #oldest(): [number, Lane] | undefined {
    const waiting = [...this.#lanes].filter(([, { ready }]) => ready.length > 0);
    return waiting.sort(([, a], [, b]) => a.ready[0]!.since - b.ready[0]!.since)[0];
  }

  /**
   * Waits while the batch is not full and more is coming, as long as not `wait` milliseconds pass without a further image: threads that decode
   * meanwhile are not idle, so that nothing is lost but a little time of the first.
   */
  async #gather(lane: Lane): Promise<void> {
    const { batch, wait } = this.#options;
    let last = performance.now();
    for (let ready = lane.ready.length; ready < batch && lane.coming > 0; ) {
      const left = last + wait - performance.now();
      if (left <= 0) return;
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
        timer = setTimeout(resolve, left);
      });
      clearTimeout(timer);
      if (lane.ready.length > ready) last = performance.now();
      ready = lane.ready.length;
    }
  }

  async #runBatch(depth: number, batch: readonly Ready[]): Promise<void> {
    const abort = new AbortController();
    const atAbort = (): void => {
      if (batch.every(({ signal }) => signal.aborted)) abort.abort(new Error("nobody waits for this batch any more"));
    };
    for (const { signal } of batch) signal.addEventListener("abort", atAbort);
    const begin = performance.now();
    try {
      await this.#models.use(depth, abort.signal, async (model) => {
        const inputs = batch.map(({ input }) => input);
        const vectors = await model.vectorsOf(inputs, [defaultLayer], { signal: abort.signal });
        for (const [i, { name, resolve, reject }] of batch.entries()) {
          const vector = vectors[i]![defaultLayer]!;
          const error = finiteError(vector, { image: name, layer: defaultLayer, weights: model.info.weights });
          if (error) reject(error);
          else resolve(vector);
        }
      });
      this.#options.onBatch?.(depth, batch.length, (performance.now() - begin) / 1000);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      for (const { signal } of batch) signal.removeEventListener("abort", atAbort);
    }
  }
}

/** So many at once; the others wait in their order. */
class Room {
  #free: number;
  readonly #queue: (() => void)[] = [];

  constructor(size: number) {
    this.#free = size;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** Gives what to call when leaving. Throws the signal's reason. */
  async enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else
      await new Promise<void>((resolve, reject) => {
        const enter = (): void => {
          signal.removeEventListener("abort", giveUp);
          resolve();
        };
        const giveUp = (): void => {
          this.#queue.splice(this.#queue.indexOf(enter), 1);
          reject(signal.reason);
        };
        this.#queue.push(enter);
        signal.addEventListener("abort", giveUp, { once: true });
      });
    return () => {
      const next = this.#queue.shift();
      if (next) next();
      else this.#free++;
    };
  }
}
