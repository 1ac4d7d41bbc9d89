/**
 * The likeliest classes of an image, for weights that have a classifier. Names of classes come with the file (metadata `classes`, a JSON
 * list); without them there is the index, which for torchvision's weights is ImageNet's.
 *
 *   npx node --conditions=source examples/classify.ts MODEL WEIGHTS.safetensors [PHOTO]
 */
import { openModel } from "residual";

// What goes wrong is one line, as every error of the library says what would be right.
process.on("uncaughtException", (error) => {
  console.error(error.message);
  process.exit(1);
});

const [model, weights, photo = new URL("photos/cat.png", import.meta.url)] = process.argv.slice(2);
if (model === undefined || weights === undefined) {
  console.error(
    "usage: classify.ts MODEL WEIGHTS.safetensors [PHOTO], for example: resnet18 resnet18.safetensors cat.jpg",
  );
  process.exit(2);
}

await using opened = await openModel({ model, weights, device: "wasm" });
for (const { index, label, probability } of await opened.classify(photo, { top: 3 })) {
  const percent = (100 * probability).toFixed(1).padStart(5);
  console.log(`${(label ?? `class ${index}`).padEnd(20)} ${percent} % ▏${"█".repeat(Math.round(30 * probability))}`);
}
