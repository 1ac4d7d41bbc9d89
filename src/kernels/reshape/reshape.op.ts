/** reshape's entry in the table. */
import { viewOp } from "../view.ts";
import { reshapeCases } from "./reshape.cases.ts";
import { reshapeShape } from "./reshape.problem.ts";

export const reshape = viewOp({ name: "reshape", shape: reshapeShape, cases: reshapeCases });
