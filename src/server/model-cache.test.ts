/** Networks of the service: loaded once, ahead or when asked for, evicted, and shared by the images of all callers. */
import { beforeAll, describe, expect, it } from "vitest";
import {
  algorithm,
  bytesBody,
  heldLoader,
  libraryVectors,
  photo,
  photos,
  withService,
} from "../../test/support/service-calls.ts";
import { tinyWeights } from "../../test/support/small-weights.ts";
import { tinyLoader } from "../../test/support/test-service.ts";
import { openModel } from "../index.ts";

let vectors: number[][];
beforeAll(async () => {
  vectors = await libraryVectors();
});

describe("networks", () => {
  it("load once however many wait, are ready when they were loaded ahead, and fail in words", async () => {
    const { loader, open, loads } = heldLoader();
    await withService({ loader, preload: [18] }, async ({ app, service }) => {
      const notYet = await app.request("/readyz");
      expect([notYet.status, (await notYet.json()).code]).toEqual([503, "loading"]);
      const both = [1, 2].map(() => app.request("/v1/features?depth=18", bytesBody(new Uint8Array(photo))));
      open();
      for (const reply of await Promise.all(both)) expect(reply.status).toBe(200);
      await service.preloaded;
      expect(loads).toEqual([18]);
      expect(await (await app.request("/readyz")).json()).toEqual({ status: "ready", models: [18] });
    });
  });

  it("that cannot be had are 503, with no path of this machine in it; the log has it", () =>
    withService(
      {
        loader: {
          estimate: () => 0,
          load: async () =>
            await Promise.reject(
              await openModel({ model: "resnet18", weights: "/nowhere/x.safetensors" }).catch((error) => error),
            ),
        },
      },
      async ({ app, lines }) => {
        for (const [path, init] of [
          ["/v1/features", bytesBody(new Uint8Array(photo))],
          [algorithm, bytesBody(new Uint8Array(photo), "application/octet-stream")],
        ] as const) {
          const reply = await app.request(path, init);
          expect(reply.status).toBe(503);
          expect(await reply.text()).not.toContain("nowhere");
        }
        expect(JSON.stringify(lines.filter(({ level }) => level === 50))).toContain("/nowhere/x.safetensors");
      },
    ));

  it("that give vectors which are none say so", async () => {
    const weights = await tinyWeights({ replace: { "conv1.weight": (data) => data.fill(Number.NaN) } });
    await withService({ loader: tinyLoader({ weights }) }, async ({ app }) => {
      const reply = await app.request("/v1/features", bytesBody(new Uint8Array(photo)));
      expect([reply.status, (await reply.json()).code]).toEqual([503, "weights-not-finite"]);
    });
  });

  it("the least recently used one is let go of, and comes back when it is asked for", () =>
    withService({ limits: { modelBytes: 2000 } }, async ({ app, service }) => {
      const ask = async (depth: number): Promise<unknown> => {
        const reply = await app.request(`/v1/features?depth=${depth}`, bytesBody(new Uint8Array(photo)));
        expect((await reply.json()).features[0].feature_vector).toEqual(vectors[0]);
        return service.models.depths.toSorted((a, b) => a - b);
      };
      expect(await ask(18)).toEqual([18]);
      expect(await ask(34)).toEqual([18, 34]);
      expect(await ask(18)).toEqual([18, 34]);
      expect(await ask(50)).toEqual([18, 50]);
      expect(await ask(34)).toEqual([34, 50]);
      const metrics = await (await app.request("/metrics")).text();
      expect(metrics).toContain('residual_model_evictions_total{depth="34"} 1');
      expect(metrics).toContain('residual_model_loads_total{depth="34"} 2');
    }));

  it("run images of all callers together, each with the bits that it has alone", () =>
    withService({ limits: { batch: 4, batchWait: 200 } }, async ({ app }) => {
      await app.request("/v1/features", bytesBody(new Uint8Array(photo)));
      const replies = Array.from({ length: 12 }, (_, i) =>
        app.request("/v1/features", bytesBody(new Uint8Array(photos[i % 4]!))),
      );
      for (const [i, reply] of (await Promise.all(replies)).entries())
        expect((await reply.json()).features[0].feature_vector).toEqual(vectors[i % 4]);
      const metrics = await (await app.request("/metrics")).text();
      const runs = Number(/residual_batch_images_count\{depth="50"\} (\d+)/.exec(metrics)![1]);
      expect(runs).toBeLessThan(10);
      expect(metrics).toContain('residual_batch_images_sum{depth="50"} 13');
      expect(metrics).toContain('residual_images_total{depth="50",outcome="done"} 13');
    }));
});
