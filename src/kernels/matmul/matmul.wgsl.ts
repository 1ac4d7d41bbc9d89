/** matmul in WGSL. Not written yet. */
import type { WgslVariant } from "../op.ts";
import type { MatmulProblem } from "./matmul.problem.ts";

export const matmulWgsl: readonly WgslVariant<MatmulProblem>[] = [];
