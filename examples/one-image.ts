/**
 * One image, one vector: with the small network that lies in the package, or a ResNet-18 with weights of your own.
 *
 *   npx node --conditions=source examples/one-image.ts [PHOTO [RESNET18.safetensors]]
 *
 * resnet34, resnet50, resnet101 and resnet152 are opened like resnet18; openModel takes the name as a text.
 */
import { openModel, resnet18 } from "residual";

// What goes wrong is one line, as every error of the library says what would be right.
process.on("uncaughtException", (error) => {
  console.error(error.message);
  process.exit(1);
});

const [photo = new URL("photos/cat.png", import.meta.url), weights] = process.argv.slice(2);

// Frees the device's memory at the end of the block (model.dispose() does it at any time).
await using model = weights === undefined ? await openModel({ model: "tiny" }) : await resnet18({ weights });

const { vector, device } = await model.features(photo);

console.log(`${model.info.name}, weights ${model.info.weights}`);
console.log(`ran on ${device}: ${model.device.description}`);
if (model.device.reason !== undefined) console.log(`because ${model.device.reason}`);
console.log(
  `${vector.length} numbers: ${Array.from(vector.subarray(0, 6), (value) => value.toFixed(3)).join(", ")}, …`,
);
