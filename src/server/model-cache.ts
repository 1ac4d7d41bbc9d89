/**
 * The networks that are loaded: each once, at its first use or ahead, and the least recently used one let go of when all together hold more
 * bytes than they may. A network in use is never let go of, nor the one that was just asked for.
 */
import type { Preset } from "../image/preset.ts";
import type { Model } from "../model/model.ts";
import { untilAborted } from "../tensor/until-aborted.ts";

/** A network that is loaded. */
export interface LoadedModel {
  readonly model: Model;
  /** Device memory that it holds now. */
  bytes(): number;
}

export interface ModelLoader {
  /** Opens the network of a depth, ready for its first batch. `signal`: nobody wants it any more. */
  load(depth: number, signal: AbortSignal): Promise<LoadedModel>;
  /** Bytes that it will hold, roughly, before it was ever loaded. */
  estimate(depth: number): number;
}

/** What is known of a network once it was loaded, and stays known when it is let go of. */
export interface ModelFacts {
  readonly preset: Preset;
  readonly features: number;
  readonly weights: string;
  /** What it runs on, and why where nobody named it. */
  readonly device: string;
}

interface Entry {
  readonly loading: Promise<LoadedModel>;
  loaded: LoadedModel | undefined;
  users: number;
}

/** What an operator may want to hear. */
export interface ModelEvents {
  readonly onLoad?: (depth: number, facts: ModelFacts, seconds: number, bytes: number) => void;
  readonly onEvict?: (depth: number, bytes: number) => void;
}

export class ModelCache {
  readonly #loader: ModelLoader;
  readonly #mostBytes: number;
  readonly #events: ModelEvents;
  /** The least recently used first. */
  readonly #entries = new Map<number, Entry>();
  readonly #facts = new Map<number, ModelFacts>();
  readonly #bytes = new Map<number, number>();
  readonly #ended = new AbortController();

  constructor(loader: ModelLoader, mostBytes: number, events: ModelEvents = {}) {
    this.#loader = loader;
    this.#mostBytes = mostBytes;
    this.#events = events;
  }

  get depths(): number[] {
    return [...this.#entries].filter(([, { loaded }]) => loaded).map(([depth]) => depth);
  }

  get bytes(): number {
    return [...this.#entries.values()].reduce((sum, { loaded }) => sum + (loaded?.bytes() ?? 0), 0);
  }

  /** Facts of a network; loads it where it never was. Throws as openModel does, the signal's reason. */
  async facts(depth: number, signal?: AbortSignal): Promise<ModelFacts> {
    const known = this.#facts.get(depth);
    if (known) return known;
    await untilAborted(this.#entryOf(depth).loading, signal);
    return this.#facts.get(depth)!;
  }

  /** Runs `body` on a network, which stays loaded meanwhile. */
  async use<T>(depth: number, signal: AbortSignal | undefined, body: (model: Model) => Promise<T>): Promise<T> {
    const entry = this.#entryOf(depth);
    entry.users++;
    try {
      const { model } = await untilAborted(entry.loading, signal);
      return await body(model);
    } finally {
      entry.users--;
      if (this.#ended.signal.aborted) this.dispose();
      else this.#makeRoom(0, depth);
    }
  }

  #entryOf(depth: number): Entry {
    this.#ended.signal.throwIfAborted();
    const known = this.#entries.get(depth);
    if (known) {
      this.#entries.delete(depth);
      this.#entries.set(depth, known);
      return known;
    }
    this.#makeRoom(this.#bytes.get(depth) ?? this.#loader.estimate(depth), depth);
    const begin = performance.now();
    const loading = this.#loader.load(depth, this.#ended.signal);
    const entry: Entry = { loading, loaded: undefined, users: 0 };
    this.#entries.set(depth, entry);
    loading.then(
      (loaded) => {
        if (this.#entries.get(depth) !== entry) return loaded.model.dispose(); // disposed meanwhile
        entry.loaded = loaded;
        const { info, device } = loaded.model;
        const { description, reason } = device;
        const facts: ModelFacts = {
          ...{ preset: info.preset, features: info.features, weights: info.weights },
          device: reason === undefined ? description : `${description} (${reason})`,
        };
        this.#facts.set(depth, facts);
        this.#bytes.set(depth, loaded.bytes());
        this.#events.onLoad?.(depth, facts, (performance.now() - begin) / 1000, loaded.bytes());
        this.#makeRoom(0, depth);
      },
      () => {
        if (this.#entries.get(depth) === entry) this.#entries.delete(depth); // the next who asks tries anew
      },
    );
    return entry;
  }

  #makeRoom(wanted: number, keep: number): void {
    for (const [depth, entry] of this.#entries) {
      if (this.bytes + wanted <= this.#mostBytes) return;
      if (depth !== keep && entry.users === 0 && entry.loaded) this.#letGo(depth, entry.loaded);
    }
  }

  #letGo(depth: number, { model, bytes }: LoadedModel): void {
    const held = bytes();
    this.#entries.delete(depth);
    model.dispose();
    this.#events.onEvict?.(depth, held);
  }

  /** Frees all that nobody uses, and the others when they are no longer used; what is being loaded is stopped. */
  dispose(): void {
    this.#ended.abort(new Error("the models were disposed"));
    for (const [depth, { users, loaded }] of this.#entries) {
      if (users > 0) continue;
      this.#entries.delete(depth);
      loaded?.model.dispose();
    }
  }
}
