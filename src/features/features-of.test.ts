/** Many images on WebAssembly: tiny's weights at 64×64, real photos, and bad images among them. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { expectSameBits } from "../../test/support/compare.ts";
import { eventually } from "../../test/support/eventually.ts";
import { fromRoot, tinyWeights } from "../../test/support/small-weights.ts";
import { memory } from "../engine/engine.ts";
import type { Model } from "../model/model.ts";
import { openModel } from "../model/open-model.ts";
import { type FeatureRow, featuresOf } from "./features-of.ts";

const photos = [
  "astronaut-portrait.jpg",
  "cat-eyes.jpg",
  "cat.png",
  "clock.jpg",
  "coffee-dim.webp",
  "gravel-below.jpg",
].map((name) => fromRoot(`examples/photos/${name}`));
const text = new File(["The quick brown fox"], "fox.jpg");
const device = "wasm";
let model: Model;
let alone: Float32Array[];

beforeAll(async () => {
  model = await openModel({ model: "tiny", weights: await tinyWeights(), device });
  alone = [];
  for (const photo of photos) alone.push((await model.features(photo)).vector);
});
afterAll(() => model.dispose());

async function collect(rows: AsyncIterable<FeatureRow>): Promise<FeatureRow[]> {
  const all: FeatureRow[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

describe("rows", () => {
  it.each([1, 3, 4, 8])("in batches of %i have the bits of each image alone, in order", async (batch) => {
    const rows = await collect(featuresOf(photos, { model, batch }));
    expect(rows.map((row) => row.image_path)).toEqual(photos);
    for (const [i, row] of rows.entries()) expectSameBits(photos[i]!, row.vector!, alone[i]!);
  });

  it("of bad images stand in their place, with an error that names them", async () => {
    const [a, b, c] = photos as [string, string, string];
    const mixed = [
      "nowhere.jpg",
      a,
      text,
      text,
      text,
      b,
      new Uint8Array(3),
      c,
      fromRoot("examples"),
      fromRoot("README"),
    ];
    const sources = mixed.filter((source) => source !== fromRoot("examples"));
    const rows = await collect(featuresOf(sources, { model, batch: 3 }));
    expect(rows.map((row) => row.error?.message ?? row.image_path)).toEqual([
      "nowhere.jpg: no such file or folder",
      a,
      ...Array.from({ length: 3 }, () => expect.stringMatching(/^fox\.jpg: not an image: starts with "The q"; /)),
      b,
      expect.stringMatching(/^image 6: not an image/),
      c,
      `${fromRoot("README")}: no such file or folder`,
    ]);
    expect(rows.map((row) => row.error?.code)).toEqual([
      ...["not-found", undefined, "not-an-image", "not-an-image", "not-an-image", undefined],
      ...["not-an-image", undefined, "not-found"],
    ]);
    for (const [row, expected] of [
      [1, 0],
      [5, 1],
      [7, 2],
    ] as const)
      expectSameBits(`row ${row}`, rows[row]!.vector!, alone[expected]!);
  });

  it("of very large files come in smaller batches: few of them are held at once", async () => {
    let made = 0;
    async function* large(): AsyncGenerator<Uint8Array> {
      for (; made < 12; made++) yield new Uint8Array(2 ** 25); // zeros: no image, but bytes
    }
    const held: number[] = [];
    let rows = 0;
    for await (const row of featuresOf(large(), { model })) {
      expect(row.error?.code).toBe("not-an-image");
      held.push(made - rows++);
    }
    expect(rows).toBe(12);
    expect(Math.max(...held)).toBeLessThanOrEqual(9); // three batches of two, one image under way, and the rows' own batch
  });

  it("of what is no image at all are errors that say so", async () => {
    const rows = await collect(featuresOf([null, undefined, 5, {}] as never[], { model }));
    expect(rows.map((row) => row.error?.message)).toEqual(
      ["null", "undefined", "a number", "an object"].map((what) => expect.stringContaining(`an image is ${what}`)),
    );
  });

  it("are there where no image can be read", async () => {
    const rows = await collect(featuresOf(["nowhere.jpg", "nor.here"], { model, batch: 1 }));
    expect(rows.map((row) => row.error?.code)).toEqual(["not-found", "not-found"]);
  });

  it("of a folder are its images, and the caller is told what was left out", async () => {
    const left: string[] = [];
    const rows = featuresOf(fromRoot("examples/photos"), {
      model,
      onLeftOut: ({ otherFiles }) => left.push(...otherFiles),
    });
    const names = (await collect(rows)).map((row) => row.image_path);
    expect(names.length).toBe(20);
    expect(names).toEqual([...names].sort());
    expect(left).toEqual(["README.md"]);
  });

  it("of vectors that are not finite are errors", async () => {
    const weights = await tinyWeights({ replace: { "conv1.weight": (data) => data.fill(Number.NaN) } });
    const broken = await openModel({ model: "tiny", weights, device });
    const rows = await collect(featuresOf(photos.slice(0, 2), { model: broken }));
    expect(rows.map((row) => row.error?.code)).toEqual(["weights-not-finite", "weights-not-finite"]);
    expect(rows[1]!.error!.message).toMatch(/^\S*cat-eyes\.jpg: number 0 of its vector at avgpool is NaN/);
    broken.dispose();
  });

  it("take layer, pool and normalize", async () => {
    const options = { layer: "layer2", pool: "max", normalize: "l2" } as const;
    const rows = await collect(featuresOf(photos.slice(0, 3), { model, batch: 2, ...options }));
    for (const [i, row] of rows.entries())
      expectSameBits(photos[i]!, row.vector!, (await model.features(photos[i]!, options)).vector);
  });

  it("come from two loops over one model at once", async () => {
    const [one, two] = await Promise.all([
      collect(featuresOf(photos, { model, batch: 2 })),
      collect(featuresOf([...photos].reverse(), { model, batch: 3 })),
    ]);
    for (const [i, expected] of alone.entries()) {
      expectSameBits(`one, row ${i}`, one[i]!.vector!, expected);
      expectSameBits(`two, row ${i}`, two[photos.length - 1 - i]!.vector!, expected);
    }
  });
});

describe("wrong options are refused before any image is read", () => {
  it.each([
    [{ batch: 0 }, "batch 0: expected a whole number of at least 1"],
    [{ batch: 1.5 }, "batch 1.5: expected"],
    [{ batch: Number.NaN }, "batch NaN: expected"],
    [{ batch: "8" }, 'batch "8": expected'],
    [{ onLeftOut: 5 }, "featuresOf: onLeftOut is a number; expected a function"],
    [{ layer: "layer9" }, 'layer "layer9": the network has no node of that name; near it are layer1, '],
    [{ pool: "median" }, 'pool "median": there is no such'],
    [{ normalize: "l3" }, 'normalize "l3": there is no such'],
  ])("%o", async (options, message) => {
    const rows = Reflect.apply(featuresOf, undefined, [["nowhere.jpg"], { model, ...options }]);
    await expect(rows.next()).rejects.toThrow(message);
  });

  it("a batch larger than the list is no batch of that size", async () => {
    const before = memory().bytes;
    const rows = await collect(featuresOf(photos.slice(0, 1), { model, batch: 2 ** 40 }));
    expectSameBits("the only row", rows[0]!.vector!, alone[0]!);
    expect(memory().bytes).toBeLessThanOrEqual(before);
  });
});

describe("ending early", () => {
  /** Images that take a moment to be read, and count how many were. */
  let read: number;
  beforeEach(() => {
    read = 0;
  });
  class SlowImage extends Blob {
    override slice(): Blob {
      read++;
      const part = super.slice();
      return Object.assign(part, {
        arrayBuffer: () => pause(5).then(() => new Response(part.stream()).arrayBuffer()),
      });
    }
  }
  const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  let slowImages: SlowImage[];
  beforeAll(async () => {
    const bytes = await readFile(photos[0]!);
    slowImages = Array.from({ length: 100 }, () => new SlowImage([bytes]));
  });

  it("by the signal rejects with its reason, mid-run, and the model is as before", async () => {
    const abort = new AbortController();
    const reason = new Error("no longer wanted");
    const seen: string[] = [];
    const loop = async () => {
      for await (const row of featuresOf([...photos, ...photos], { model, batch: 2, signal: abort.signal })) {
        seen.push(row.image_path);
        if (seen.length === 2) setTimeout(() => abort.abort(reason), 0);
        if (seen.length > 2) await pause(5);
      }
    };
    await expect(loop()).rejects.toBe(reason);
    expect(seen.length).toBeGreaterThanOrEqual(2);
    expect(seen.length).toBeLessThan(12);
    const before = memory();
    expectSameBits("afterwards", (await model.features(photos[0]!)).vector, alone[0]!);
    expect(memory()).toEqual(before);
  });

  it("by a signal that is aborted already reads nothing", async () => {
    const reason = new Error("late");
    await expect(featuresOf(slowImages, { model, signal: AbortSignal.abort(reason) }).next()).rejects.toBe(reason);
    expect(read).toBe(0);
  });

  it("by leaving the loop reads no further than the batches that were begun", async () => {
    for await (const row of featuresOf(slowImages, { model, batch: 4 })) {
      expect(row.image_path).toBe("image 0");
      break;
    }
    await pause(60); // enough for four images more
    expect(read).toBeGreaterThanOrEqual(4);
    expect(read).toBeLessThanOrEqual(12);
  });

  it("by disposing the model in the loop is a clear error at the next batch, and frees what it held", async () => {
    const before = memory();
    const own = await openModel({ model: "tiny", weights: await tinyWeights(), device });
    const rows = featuresOf(photos, { model: own, batch: 2 });
    await rows.next();
    expect(memory().bytes).toBeGreaterThan(before.bytes);
    own.dispose();
    expect((await rows.next()).done).toBe(false); // the second row of the batch that ran
    await expect(rows.next()).rejects.toThrow("the model was used after dispose()");
    expect((await rows.next()).done).toBe(true);
    await eventually(() => expect(memory()).toEqual(before)); // when the images that were being decoded are done
  });
});

describe("what is given", () => {
  it("may be any iterable: a Set, a generator", async () => {
    const some = photos.slice(1, 3);
    const generator = (function* () {
      yield* some;
    })();
    for (const sources of [new Set(some), generator]) {
      const rows = await collect(featuresOf(sources, { model }));
      expect(rows.map((row) => row.image_path)).toEqual(some);
      expectSameBits("the second", rows[1]!.vector!, alone[2]!);
    }
  });

  it("may be an async generator, read no further than the batches need, closed when the loop is left", async () => {
    let pulled = 0;
    let closed: () => void = () => undefined;
    const whenClosed = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const endless = (async function* () {
      try {
        for (;;) {
          pulled++;
          yield photos[1]!;
        }
      } finally {
        closed();
      }
    })();
    for await (const row of featuresOf(endless, { model, batch: 2 })) {
      expectSameBits("the first", row.vector!, alone[1]!);
      expect(pulled).toBeLessThanOrEqual(6); // two batches ahead of the one that ran
      break;
    }
    await whenClosed;
  });

  it("hands on an error of a generator after the rows of the batches before it", async () => {
    const breaks = (function* () {
      yield* photos.slice(0, 2);
      throw new Error("the list ends here");
    })();
    const rows: string[] = [];
    const reading = (async () => {
      for await (const row of featuresOf(breaks, { model, batch: 2 })) rows.push(row.image_path);
    })();
    await expect(reading).rejects.toThrow("the list ends here");
    expect(rows).toEqual(photos.slice(0, 2));
  });

  it("may not be an empty generator", async () => {
    await expect(collect(featuresOf(new Set<string>(), { model }))).rejects.toThrow(/^no images were named/);
  });

  it.each([
    [[photos], /featuresOf: the options are undefined/],
    [[photos, {}], /the option model is missing/],
    [[photos, { model: "tiny" }], /model is "tiny"; expected one that openModel gave/],
    [[photos, { model: null, layers: ["layer1"] }], /there is no option layers; there are model, batch, layer/],
  ])("is checked: %j", async (given, message) => {
    await expect(collect(Reflect.apply(featuresOf, undefined, given))).rejects.toThrow(message);
  });

  it.each([undefined, 5, null])("refuses %s for the images, at once", async (sources) => {
    await expect(collect(Reflect.apply(featuresOf, undefined, [sources, { model }]))).rejects.toThrow(
      /^the images are /,
    );
  });
});
