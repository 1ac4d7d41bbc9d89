import { describe, expect, test } from "vitest";
import { DeviceError } from "../../errors.ts";
import { pageBytes, WasmHeap } from "./wasm-heap.ts";

describe("blocks", () => {
  test("are multiples of 64 bytes, apart from one another, and never at 0", () => {
    const heap = new WasmHeap({ shared: true });
    const blocks = [1, 64, 65, 200].map((bytes) => heap.allocate(bytes, "a test"));
    expect(blocks.map(({ bytes }) => bytes)).toEqual([64, 64, 128, 256]);
    let behind = 64;
    for (const { address, bytes } of blocks) {
      expect(address % 64).toBe(0);
      expect(address).toBeGreaterThanOrEqual(behind);
      behind = address + bytes;
    }
    expect([heap.liveBlocks, heap.liveBytes, heap.allocated]).toEqual([4, 512, 4]);
  });

  test("that were freed are used again, neighbours as one", () => {
    const heap = new WasmHeap({ shared: true });
    const [a, b, c, d] = [64, 64, 64, 64].map((bytes) => heap.allocate(bytes, "a test"));
    heap.free(b!);
    heap.free(c!);
    heap.free(c!); // a second time: nothing
    expect([heap.liveBlocks, heap.liveBytes]).toEqual([2, 128]);
    expect(heap.allocate(128, "a test").address).toBe(b!.address);
    heap.free(a!);
    heap.free(d!);
    expect(heap.allocate(64, "a test").address).toBe(a!.address);
    expect(heap.allocate(64, "a test").address).toBe(d!.address);
  });
});

describe("growth", () => {
  test("keeps what was written and makes room for what was asked", () => {
    const heap = new WasmHeap({ shared: true });
    const first = heap.allocate(16, "a test");
    heap.floats(first.address, 4).set([1, 2, 3, 4]);
    const { buffer } = heap.memory!;
    const large = heap.allocate(5 * pageBytes, "a test");
    expect(heap.memory!.buffer).not.toBe(buffer);
    expect(heap.floats(large.address, (5 * pageBytes) / 4).at(-1)).toBe(0);
    expect([...heap.floats(first.address, 4)]).toEqual([1, 2, 3, 4]);
  });

  test("beyond 4 GiB is an error that says how much was asked for, and leaves the heap as it was", () => {
    const heap = new WasmHeap({ shared: true });
    heap.allocate(2 ** 20, "a test");
    const asking = () => heap.allocate(4.5 * 2 ** 30, "a session for batches up to 512");
    expect(asking).toThrow(DeviceError);
    expect(asking).toThrow(
      /a session for batches up to 512 needs 4\.50 GiB beside the 1\.0 MiB in use.*ends at 4\.00 GiB.*smaller batch/,
    );
    expect(heap.liveBlocks).toBe(1);
    heap.allocate(64, "a test");
  });
});
