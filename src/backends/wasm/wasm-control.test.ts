import { expect, test } from "vitest";
import { type SharedStage, WasmControl } from "./wasm-control.ts";

/** Stages that write down which pieces were done, in order. */
function stagesOf(pieces: readonly number[], during?: (stage: number, begin: number) => void) {
  const done: number[][] = pieces.map(() => []);
  const stages = pieces.map(
    (count, s): SharedStage => ({
      pieces: count,
      run: (begin, end) => {
        for (let piece = begin; piece < end; piece++) done[s]!.push(piece);
        during?.(s, begin);
      },
    }),
  );
  return { done, stages };
}

function controlFor(stages: number): WasmControl {
  return new WasmControl(new SharedArrayBuffer(WasmControl.bytes(stages)));
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

test("one thread alone does every piece of every stage, in order, whatever the number of threads that were called", () => {
  for (const threads of [1, 2, 7]) {
    const { done, stages } = stagesOf([1, 30, 0, 5]);
    const control = controlFor(4);
    control.open(1);
    expect(control.join(1, stages, threads)).toBe(true);
    expect(done).toEqual([range(1), range(30), [], range(5)]);
    expect(control.close()).toBe(true);
  }
});

test("a thread that comes late takes what is left of the stage at hand, and every piece is done once", () => {
  const control = controlFor(2);
  const late = stagesOf([40, 6]);
  let came = false;
  const first = stagesOf([40, 6], (_, begin) => {
    if (came || begin === 0) return;
    came = true; // in the middle of the first stage: it does what is left of it
    expect(control.join(1, late.stages, 2)).toBe(false);
  });
  // On one thread the late one cannot wait for the piece that it interrupts: it is stopped where it would.
  const waits = late.stages[0]!.run;
  Object.assign(late.stages[0]!, {
    run: (begin: number, end: number) => {
      waits(begin, end);
      if (end === 40) control.stop();
    },
  });
  control.open(1);
  expect(control.join(1, first.stages, 2)).toBe(false); // stopped as well
  expect([...first.done[0]!, ...late.done[0]!].toSorted((a, b) => a - b)).toEqual(range(40));
  expect(late.done[0]!.length).toBeGreaterThan(0);
  expect(first.done[1]).toEqual([]);
  expect(control.close()).toBe(true);
});

test("a thread that comes after its run, or before it, finds it closed and does nothing", () => {
  const control = controlFor(1);
  const { done, stages } = stagesOf([4]);
  expect(control.join(1, stages, 2)).toBe(false);
  control.open(1);
  control.join(1, stages, 2);
  expect(control.join(1, stages, 2)).toBe(true); // all done: nothing is left to do
  control.close();
  expect(control.join(1, stages, 2)).toBe(false);
  control.open(2);
  expect(control.join(1, stages, 2)).toBe(false);
  expect(done).toEqual([range(4)]);
});

test("what a stage throws stops the others, and nobody stays inside", () => {
  const control = controlFor(2);
  const { done, stages } = stagesOf([8, 8], (stage) => {
    if (stage === 0) throw new Error("out of bounds");
  });
  control.open(1);
  expect(() => control.join(1, stages, 2)).toThrow("out of bounds");
  expect(control.join(1, stages, 2)).toBe(false);
  expect(done[1]).toEqual([]);
  expect(control.close()).toBe(true);
});

test("each stage is told when it is over", () => {
  const control = controlFor(3);
  const over: number[] = [];
  control.open(1);
  control.join(1, stagesOf([2, 0, 3]).stages, 2, (stage) => over.push(stage));
  expect(over).toEqual([0, 1, 2]);
});
