/**
 * Modules of your own: fields named as in the checkpoint, a forward that reads like the paper. A module is called on tensors, its
 * weights come from a safetensors file by name, and whatever does not fit is said in one error.
 *
 *   npx node --conditions=source examples/modules.ts
 */
import { openWeights, writeSafetensors } from "residual";
import { BatchNorm2d, Conv2d, call, loadStateDict, Module, namedParameters, ReLU, trace } from "residual/nn";
import { add, disposeEngines, type Tensor, tensor } from "residual/tensor";

/** Two 3×3 convolutions and the residual: (N, C, H, W) → the same shape. */
class Block extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly relu = new ReLU();
  readonly conv2: Conv2d;

  constructor(channels: number) {
    super();
    this.conv1 = new Conv2d(channels, channels, { kernel: 3, padding: 1, bias: false });
    this.bn1 = new BatchNorm2d(channels);
    this.conv2 = new Conv2d(channels, channels, { kernel: 3, padding: 1 });
  }

  override forward(x: Tensor): Tensor {
    let out = call(this.conv1, x); // call, not forward: it gives the nodes their names
    out = call(this.bn1, out);
    out = call(this.relu, out);
    out = call(this.conv2, out);
    return call(this.relu, add(out, x));
  }
}

const block = new Block(2);
console.log("parameters, by the names of a checkpoint:");
for (const [name, { shape, optional }] of namedParameters(block))
  console.log(`  ${name.padEnd(24)} ${shape.join("×") || "scalar"}${optional ? " (may be missing)" : ""}`);
console.log(
  `nodes: ${trace(block, [2, 4, 4])
    .nodes.flatMap((node) => (node.kind === "op" ? [node.name] : []))
    .join(", ")}`,
);

// A file, here in memory: conv1 passes its input on, the batch norm doubles it, conv2 adds up its window.
const identity = [0, 0, 0, 0, 1, 0, 0, 0, 0];
const [zeros, ones] = [Array<number>(9).fill(0), Array<number>(9).fill(1)];
const numbers: Record<string, { shape: number[]; data: number[] }> = {
  "conv1.weight": { shape: [2, 2, 3, 3], data: [...identity, ...zeros, ...zeros, ...identity] },
  "bn1.weight": { shape: [2], data: [2, 2] },
  "bn1.bias": { shape: [2], data: [0, 0] },
  "bn1.running_mean": { shape: [2], data: [0, 0] },
  "bn1.running_var": { shape: [2], data: [1, 1] },
  "conv2.weight": { shape: [2, 2, 3, 3], data: [...ones, ...zeros, ...zeros, ...ones] },
  "conv2.bias": { shape: [2], data: [0, -30] },
};
const file = writeSafetensors(Object.entries(numbers).map(([name, tensor]) => ({ name, dtype: "F32", ...tensor })));
const state = await openWeights(file); // or a path, a URL object, a Blob
loadStateDict(block, state, "the block");

const x = tensor([...Array(16).keys(), ...Array(16).keys()], [1, 2, 4, 4]);
console.log("the second channel of what it gives, rounded:");
const rounded = ((await call(block, x).array({ device: "wasm" })) as number[][][][])[0]![1]!;
for (const row of rounded) console.log(`  ${row.map((value) => value.toFixed(0).padStart(4)).join("")}`);

try {
  loadStateDict(new Block(3), state, "a block of three channels");
} catch (error) {
  console.log(String(error));
}
await state.close(); // weights are read when they are first needed; from now on they cannot be
await disposeEngines();
