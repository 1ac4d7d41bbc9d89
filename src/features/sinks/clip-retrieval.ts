/**
 * Rows in the layout that clip-retrieval and its indexers (autofaiss, clip-retrieval index) read: DIR/img_emb/img_emb_0.npy and
 * DIR/metadata/metadata_0.parquet, whose i-th rows belong together. They take no NaN: images that failed are left out of both, and stand in
 * DIR/errors.jsonl.
 */
import { makeFolder } from "#platform";
import { rowAsJson } from "./json-rows.ts";
import { npyHeader } from "./npy-rows.ts";
import { pathColumn, writeParquet } from "./parquet-rows.ts";
import type { RowFormat } from "./sink.ts";
import { vectorBytes } from "./vector-bytes.ts";

const [embeddings, metadata, errors] = [
  "img_emb/img_emb_0.npy",
  "metadata/metadata_0.parquet",
  "errors.jsonl",
] as const;

export const clipRetrieval: RowFormat = {
  about: "-o is a folder: img_emb/img_emb_0.npy, metadata/metadata_0.parquet, errors.jsonl; failed images are left out",
  canFloat16: true,
  files: (path) => [errors, metadata, embeddings].map((name) => `${path}/${name}`),
  async write(rows, path, { float16, open }) {
    for (const folder of ["img_emb", "metadata"]) await makeFolder(`${path}/${folder}`);
    const failures = await open(`${path}/${errors}`);
    for await (const batch of rows.read())
      await failures.write(batch.map((row) => (row.error ? `${rowAsJson(row)}\n` : "")).join(""));
    await writeParquet(
      rows,
      await open(`${path}/${metadata}`),
      [pathColumn],
      float16,
      (row) => row.error === undefined,
    );
    const output = await open(`${path}/${embeddings}`);
    await output.write(npyHeader([rows.count - rows.failed, rows.width], float16));
    for await (const batch of rows.read())
      await output.write(
        vectorBytes(
          batch.filter((row) => row.vector),
          rows.width,
          float16,
        ),
      );
  },
};
