/** flatten's entry in the table. */
import { viewOp } from "../view.ts";
import { flattenCases } from "./flatten.cases.ts";
import { flattenShape } from "./flatten.problem.ts";

export const flatten = viewOp({ name: "flatten", shape: flattenShape, cases: flattenCases });
