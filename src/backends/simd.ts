/** The vectors of WebAssembly that a caller may ask for. */
export type SimdChoice = "auto" | "256" | "128";

export const simdChoices: readonly SimdChoice[] = ["auto", "256", "128"];
