/** The reference as a backend: what it counts, refuses and lets go of is what the others do. Its numbers are kernels/golden.test.ts's. */
import { expect, test } from "vitest";
import { chainImages, convChain } from "../../../test/support/conv-chain.ts";
import { DeviceError, OptionError } from "../../errors.ts";
import { ReferenceBackend } from "./reference-backend.ts";

async function opened() {
  const backend = new ReferenceBackend();
  const resident = backend.createResident();
  return { backend, resident, session: await backend.prepare(convChain(), resident, { maxBatch: 3 }) };
}

test("weights are read once for all sessions of a model, and counted until they are disposed", async () => {
  const { backend, resident } = await opened();
  const before = backend.counters();
  expect(before).toEqual({ compiled: 0, allocated: 2, liveBuffers: 2, liveBytes: 2 * 4 * 4 * 4 * 9 });
  await backend.prepare(convChain({ onRead: () => expect.unreachable("read twice") }), resident, { maxBatch: 1 });
  expect(backend.counters()).toEqual(before);
  resident.dispose();
  expect(backend.counters()).toEqual({ ...before, liveBuffers: 0, liveBytes: 0 });
});

test("disposed sessions and models run no more, those under way included", async () => {
  const { backend, resident, session } = await opened();
  const running = session.run(chainImages(0, 3));
  session.dispose();
  await expect(running).rejects.toThrow(new DeviceError('device "reference": the session was disposed'));
  await expect(session.run(chainImages(0, 1))).rejects.toThrow(DeviceError);
  const other = await backend.prepare(convChain(), resident, { maxBatch: 1 });
  backend.dispose();
  await expect(other.run(chainImages(0, 1))).rejects.toThrow(DeviceError);
  await expect(backend.prepare(convChain(), resident, { maxBatch: 1 })).rejects.toThrow(
    "another backend's, or disposed",
  );
});

test("a wrong batch, and kernels where there are none, are refused", async () => {
  const { backend, resident, session } = await opened();
  await expect(session.run(chainImages(0, 4))).rejects.toThrow("the session was prepared for 1 to 3");
  await expect(backend.prepare(convChain(), resident, { maxBatch: 0 })).rejects.toThrow("maxBatch is 0");
  const overrides = new Map([["net.0", "conv2d.wasm-general"]]);
  await expect(backend.prepare(convChain(), resident, { maxBatch: 1, overrides })).rejects.toThrow(OptionError);
});
