/** The memory plan: no two values that live at once share a buffer, and buffers are shared where they can be. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Lifetime, planMemory } from "./memory-plan.ts";

const lifetime: fc.Arbitrary<Lifetime> = fc
  .record({
    first: fc.integer({ min: -1, max: 20 }),
    length: fc.nat(8),
    elements: fc.integer({ min: 1, max: 1000 }),
    batched: fc.boolean(),
  })
  .map(({ first, length, elements, batched }) => ({
    elements,
    repeat: batched ? "batch" : 1,
    first,
    last: first + length,
  }));

describe("planMemory", () => {
  it("never lets two values share a buffer while both live, and makes each buffer large enough", () => {
    fc.assert(
      fc.property(fc.array(lifetime, { maxLength: 30 }), (values) => {
        const { buffers, assignment } = planMemory(values);
        values.forEach((a, i) => {
          const buffer = buffers[assignment[i]!]!;
          expect(buffer.elements).toBeGreaterThanOrEqual(a.elements);
          expect(buffer.repeat).toBe(a.repeat);
          values.forEach((b, j) => {
            if (i < j && assignment[i] === assignment[j]) expect(a.first > b.last || b.first > a.last).toBe(true);
          });
        });
      }),
    );
  });

  it("runs a chain of any length in two buffers", () => {
    const chain = Array.from(
      { length: 10 },
      (_, i): Lifetime => ({ elements: 8, repeat: "batch", first: i - 1, last: i }),
    );
    expect(planMemory(chain).buffers).toHaveLength(2);
  });

  it("counts a literal repeat as so many numbers", () => {
    expect(planMemory([{ elements: 3, repeat: 5, first: 0, last: 0 }]).buffers).toEqual([
      { id: 0, elements: 15, repeat: 1 },
    ]);
  });

  it("shares buffers with borders within one geometry only, and says that they begin as zeros", () => {
    const value = (first: number, geometry?: string): Lifetime => ({
      ...{ elements: 10, repeat: "batch", first, last: first, geometry },
    });
    const { buffers, assignment } = planMemory([value(0, "a"), value(1), value(2, "b"), value(3, "a"), value(4)]);
    expect(assignment).toEqual([0, 1, 2, 0, 1]);
    expect(buffers.map(({ zeroed = false }) => zeroed)).toEqual([true, false, true]);
  });
});
