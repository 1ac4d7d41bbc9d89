/** Writes the table's cases as JSON to standard output: `{ op: [{ name, attrs, inputs: [{ shape, fill, scale }] }] }`. ops.py reads it. */
import { casesOfTable } from "../../test/support/golden-ops.ts";

process.stdout.write(`${JSON.stringify(casesOfTable(), null, 1)}\n`);
