/** `residual bench model` as a user runs it, on the network that lies in the package. */
import { describe, expect, it } from "vitest";
import { runResidual } from "../../test/support/spawn-residual.ts";

const tiny = ["bench", "model", "--model", "tiny", "--device", "wasm", "--seconds", "1"];

describe("residual bench model", () => {
  it("gives as JSON what was timed, on what, and what each step took", async () => {
    const { code, stdout, stderr } = await runResidual([
      ...tiny,
      "--batch",
      "2",
      "--threads",
      "2",
      "--per-layer",
      "--json",
    ]);
    expect([code, stderr]).toEqual([0, ""]);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({
      ...{ model: "tiny", batch: 2, layer: "avgpool", optimizeFor: "latency" },
      device: { device: "wasm", threads: 2 },
    });
    const { median, quartiles, least, most, runs, warmups } = result.milliseconds;
    expect(least).toBeGreaterThan(0);
    expect([least, quartiles[0], median, quartiles[1], most]).toEqual(
      [least, quartiles[0], median, quartiles[1], most].toSorted((a, b) => a - b),
    );
    expect(runs).toBeGreaterThanOrEqual(5);
    expect(warmups).toBeGreaterThan(0);
    expect(result.imagesPerSecond).toBeCloseTo(2000 / median, 6);
    expect(result.peakGflops).toBeGreaterThan(0);
    expect(result.peakMemory).toBeGreaterThan(20 * 2 ** 20); // Node's own, in bytes and no other unit
    expect(result.peakMemory).toBeLessThan(2 ** 30);
    expect(result.machine.runtime).toBe(`Node ${process.versions.node}`);
    const conv = result.layers.find((layer: { node: string }) => layer.node === "layer1.0.relu");
    // 2 images, 16 × 16 × 3 × 3 multiply-adds for each of 56 × 56 pixels, and what bias and ReLU add.
    const multiplyAdds = 2 * 16 * 16 * 9 * 56 * 56;
    const counted = (conv.gflops * conv.median * 1e6) / (2 * multiplyAdds); // of milliseconds and GFLOP/s as printed
    expect(counted).toBeGreaterThan(1 - 1e-9);
    expect(counted).toBeLessThan(1.05);
    expect(conv.kernel).toMatch(/^conv2d\.wasm-/);
  });

  it("says it to people in a table, and the plan with the reasons where it is asked for", async () => {
    const { code, stdout } = await runResidual([
      ...tiny,
      "--plan",
      "--kernel",
      "layer1.0.conv1=direct",
      "--throughput",
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^tiny, batch 1, throughput, .*\non wasm: WebAssembly /);
    expect(stdout).toMatch(/\nlayer1\.0\.relu {2}×batch {2}conv2d\.wasm-gemm/);
    expect(stdout).toMatch(/\nlayer1\.0\.relu_1 {2}×batch {2}conv2d\.wasm-winograd-4x4/);
  });

  it("ends by Ctrl-C with 130 and nothing on standard output", async () => {
    const large = ["bench", "model", "--depth", "50", "--batch", "64", "--device", "wasm", "--seconds", "3600"];
    const { code, stdout, stderr } = await runResidual(large, {
      onStart: (process) => setTimeout(() => process.kill("SIGINT"), 4000),
    });
    expect([code, stdout, stderr]).toEqual([130, "", "residual: interrupted\n"]);
  });

  it("ends at once where it cannot open", async () => {
    const { code, stdout, stderr } = await runResidual([
      "bench",
      "model",
      "--depth",
      "18",
      "--weights",
      "nope.safetensors",
    ]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^residual: nope\.safetensors: no such file/);
  });
});
