/**
 * The command line with another file in the table of pretrained weights: PRETRAINED is the JSON of an entry for tiny, which then has one to
 * download. For tests alone; the rest is the real program.
 */
import type { PretrainedFile } from "../../src/model/pretrained.ts";
import { pretrained } from "../../src/model/pretrained.ts";

const table: Record<string, readonly PretrainedFile[]> = pretrained;
table.tiny = [JSON.parse(process.env.PRETRAINED!)];
await import("../../src/cli/main.ts");
