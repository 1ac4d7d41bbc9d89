/**
 * Any node of the network can be the vector: one layer, or several in one run; pooled over the positions of its map, and normalised.
 * The names are torchvision's (create_feature_extractor takes the same); a module's name means its last node.
 *
 *   npx node --conditions=source examples/layers.ts
 */
import { openModel } from "residual";

const photo = new URL("photos/coffee.jpg", import.meta.url);
await using model = await openModel({ model: "tiny", device: "wasm" });
const say = (what: string, vector: Float32Array) =>
  console.log(
    `${what.padEnd(26)} ${String(vector.length).padStart(6)} numbers, length ${Math.hypot(...vector)
      .toFixed(3)
      .padStart(8)}`,
  );

// A map of 64×14×14 becomes 64 numbers: the largest of each channel, at length 1.
const { vector } = await model.features(photo, { layer: "layer3", pool: "max", normalize: "l2" });
say("layer3, max, l2", vector);

// The whole map, channel by channel.
say("layer3, flatten", (await model.features(photo, { layer: "layer3", pool: "flatten" })).vector);

// Several layers in one run. Asking for more changes no bit of what was asked for before.
const { vectors } = await model.features(photo, { layers: ["layer1", "layer4.1.add", "avgpool"] });
for (const [name, values] of Object.entries(vectors)) say(`${name}, in one run`, values);
const alone = await model.features(photo);
console.log(
  `avgpool alone: ${alone.vector.every((value, i) => value === vectors.avgpool![i]) ? "the same bits" : "other bits"}`,
);

const outer = model.info.nodeNames.filter((name) => !name.includes("."));
console.log(`\n${model.info.nodeNames.length} names: ${outer.join(", ")} and those inside them`);
try {
  await model.features(photo, { layer: "layer4.1.ad" });
} catch (error) {
  if (error instanceof Error) console.log(error.message);
}
