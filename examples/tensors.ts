/**
 * Lazy tensors: an expression has a shape at once and numbers when they are asked for; then it takes the way of a network: graph,
 * passes (here convolution, bias and ReLU become one kernel), plan, run. The expression finds the edges of a drawn disc.
 *
 *   npx node --conditions=source examples/tensors.ts
 */
import { add, conv2d, disposeEngines, maxPool2d, memory, mul, relu, type Tensor, tensor, using } from "residual/tensor";

const size = 48;
const pixels = Float32Array.from({ length: size * size }, (_, i) =>
  Math.hypot((i % size) - 23.5, Math.floor(i / size) - 23.5) < 17 ? 1 : 0,
);
const x = tensor(pixels, [1, 1, size, size]); // N×C×H×W; nothing runs yet

/** Sobel's filters for edges towards the right, the bottom, the left and the top: 4×1×3×3. */
const sobel = [1, 0, -1, 2, 0, -2, 1, 0, -1, 1, 2, 1, 0, 0, 0, -1, -2, -1];
const w = tensor([...sobel, ...sobel.map((value) => -value)], [4, 1, 3, 3]);
const bias = tensor([-1, -1, -1, -1]);

const y = maxPool2d(relu(conv2d(x, w, { bias, padding: 1 })), { kernel: 3, stride: 2, padding: 1 });
console.log(`shape, known without running: ${y.shape.join("×")}\n`);

console.log(y.graph().toString()); // the nodes as they were written
console.log(`\n${await y.plan({ device: "wasm" })}`); // the steps after the passes

const edges = await y.data({ device: "wasm" }); // Float32Array: runs; y is a leaf from now on
console.log(`\n${edges.length} numbers, the largest ${Math.max(...edges)}; each place as its strongest edge:\n`);
const plane = 24 * 24;
for (let row = 0; row < 24; row++) {
  const arrows = Array.from({ length: 24 }, (_, column) => {
    const values = [0, 1, 2, 3].map((channel) => edges[channel * plane + row * 24 + column]!);
    const strongest = Math.max(...values);
    return strongest === 0 ? "·" : "→↓←↑"[values.indexOf(strongest)];
  });
  console.log(arrows.join(" "));
}

// Nested arrays, for small things. `using` disposes every tensor made in it, but what it returns and what that is computed from.
let unused: Tensor | undefined;
const total = using(() => {
  const shifted = add(tensor([1, 2, 3, 4], [2, 2]), 0.5);
  unused = mul(shifted, 100);
  return add(shifted, tensor([10, 20])); // NumPy's broadcasting
});
console.log(`\nsum: ${JSON.stringify(await total.array({ device: "wasm" }))}`);
total.dispose(); // lets go of the numbers

// Errors say the op, the shapes, and what would be right.
for (const wrong of [() => conv2d(x, tensor(new Float32Array(27), [1, 3, 3, 3])), () => relu(unused!)])
  try {
    wrong();
  } catch (error) {
    console.log(String(error));
  }

// Kernels and buffers of what ran are kept for the next expression of the same form, until they are let go of.
console.log(`device memory: ${memory().buffers > 0 ? "some" : "no"} buffers`);
await disposeEngines();
console.log(`device memory after disposeEngines(): ${memory().buffers} buffers, ${memory().bytes} bytes`);
