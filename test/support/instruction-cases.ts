/** What float instructions mean in JavaScript, and numbers that tell one from another: for the tests of asm's tables. */

/** b where a < b fails says a: what pmin and pmax promise about NaN and equal numbers. */
export const pmin = (a: number, b: number) => (b < a ? b : a);
export const pmax = (a: number, b: number) => (a < b ? b : a);
/** To the nearest whole number, halves to even. */
function nearest(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

export const floats = [
  0,
  -0,
  1,
  -1.5,
  2.5,
  -2.5,
  3.7,
  -3.2,
  1e-3,
  1e20,
  -1e20,
  Number.POSITIVE_INFINITY,
  Number.NaN,
].map(Math.fround);
export const integers = [0, 1, -1, 5, -7, 31, 0x7fff_ffff, -0x8000_0000, 0x1234_5678];

export const floatUnary: [
  name: "abs" | "neg" | "ceil" | "floor" | "trunc" | "nearest" | "sqrt",
  (x: number) => number,
][] = [
  ["abs", Math.abs],
  ["neg", (x) => -x],
  ["ceil", Math.ceil],
  ["floor", Math.floor],
  ["trunc", Math.trunc],
  ["nearest", nearest],
  ["sqrt", Math.sqrt],
];
export const floatBinary: [name: "add" | "sub" | "mul" | "div" | "min" | "max", (a: number, b: number) => number][] = [
  ["add", (a, b) => a + b],
  ["sub", (a, b) => a - b],
  ["mul", (a, b) => a * b],
  ["div", (a, b) => a / b],
  ["min", Math.min],
  ["max", Math.max],
];
export const compares: [name: "eq" | "ne" | "lt" | "gt" | "le" | "ge", (a: number, b: number) => boolean][] = [
  ["eq", (a, b) => a === b],
  ["ne", (a, b) => a !== b],
  ["lt", (a, b) => a < b],
  ["gt", (a, b) => a > b],
  ["le", (a, b) => a <= b],
  ["ge", (a, b) => a >= b],
];
