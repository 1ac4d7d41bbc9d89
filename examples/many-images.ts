/**
 * Many images as an async iterator: memory stays bounded, the order is kept, a bad image is a row with an error, and a signal ends it.
 * The vectors do not depend on the batch, to the last bit.
 *
 *   npx node --conditions=source examples/many-images.ts [FOLDER]
 */
import { fileURLToPath } from "node:url";
import { featuresOf, openModel } from "residual";

const [folder = fileURLToPath(new URL("photos", import.meta.url))] = process.argv.slice(2);
const letter = new File(["Dear reader, this is no picture."], "letter.jpg");
const signal = AbortSignal.timeout(60_000);

const index = new Map<string, Float32Array>();
const model = await openModel({ model: "tiny", device: "wasm" });
const onLeftOut = ({ otherFiles }: { otherFiles: readonly string[] }) =>
  console.log(`left out: ${otherFiles.join(", ")}`);
for await (const row of featuresOf([folder, letter], { model, batch: 8, normalize: "l2", signal, onLeftOut })) {
  if (row.error) console.log(`error ${row.error.code}: ${row.error.message}`);
  else index.set(row.image_path, row.vector);
}
model.dispose();

// Vectors of length 1: their cosine is the sum of the products.
const paths = [...index.keys()];
const cosine = (a: string, b: string) => index.get(a)!.reduce((sum, value, i) => sum + value * index.get(b)![i]!, 0);
const pairs = paths.flatMap((a, i) => paths.slice(i + 1).map((b) => ({ a, b, cosine: cosine(a, b) })));
const [nearest] = pairs.sort((p, q) => q.cosine - p.cosine);
console.log(`${index.size} vectors`);
if (nearest) console.log(`nearest: ${nearest.a} and ${nearest.b}, cosine ${nearest.cosine.toFixed(3)}`);
