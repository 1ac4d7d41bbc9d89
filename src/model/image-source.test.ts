/** Reading an image leaves what the caller gave as it was: memory is given back for what was read alone. */
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { readImage } from "./image-source.ts";

const photo = new URL("../../examples/photos/cat.png", import.meta.url);

test("bytes, their buffer and a Blob can be read again and again", async () => {
  const bytes = new Uint8Array(await readFile(photo));
  const expected = await readImage(photo);
  expect(expected.width).toBeGreaterThan(100);
  for (const source of [bytes, bytes.buffer, new Blob([bytes])])
    for (let i = 0; i < 2; i++) expect(await readImage(source)).toEqual(expected);
});
