/** What the clients' steps must have given; a fault is a line. */
import { lengths, type Step } from "./scenario.ts";

export interface Expected {
  /** Vectors of the four photos, by depth. */
  readonly vectors: Map<number, number[][]>;
}

interface Row {
  readonly image_path: string;
  readonly feature_vector: readonly number[];
}

const folder = "data://.my/training_data";
const four = [1, 2, 3, 4].map((n) => `${folder}/image${n}.jpg`);
const files = [1, 2, 3, 4].map((n) => `.my/training_data/image${n}.jpg`);
const refused = /^resnet_depth: there is no ResNet of that depth; use 18, 34, 50, 101 or 152$/;

/** Of one client; both give the steps that they share the same results. */
export function checkSteps(steps: readonly Step[], { vectors }: Expected): string[] {
  const faults: string[] = [];
  const results = new Map(steps.map(({ step, result }) => [step, result]));
  const rows = (step: string, depth: number, images: readonly (readonly [string, number])[]): void => {
    const given = results.get(step) as readonly Row[] | undefined;
    if (!Array.isArray(given) || given.length !== images.length) {
      faults.push(`${step}: ${JSON.stringify(given)?.slice(0, 200)}; expected ${images.length} rows`);
      return;
    }
    for (const [i, [path, photo]] of images.entries()) {
      const row = given[i]!;
      const keys = Object.keys(row).join();
      if (keys !== "image_path,feature_vector") faults.push(`${step}, row ${i}: has ${keys}`);
      if (row.image_path !== path) faults.push(`${step}, row ${i}: is of ${row.image_path}, expected ${path}`);
      const right = vectors.get(depth)![photo]!;
      if (right.length !== lengths.get(depth))
        faults.push(`depth ${depth}: the library's own vector has ${right.length} numbers`);
      if (row.feature_vector?.length !== right.length || !right.every((value, n) => value === row.feature_vector[n]))
        faults.push(`${step}, row ${i}: not the library's vector, number for number`);
    }
  };
  const same = (step: string, right: unknown): void => {
    const given = JSON.stringify(results.get(step));
    if (given !== JSON.stringify(right)) faults.push(`${step}: ${given}, expected ${JSON.stringify(right)}`);
  };
  const said = (step: string, right: RegExp): void => {
    const error = results.get(step);
    const message = typeof error === "object" && error !== null && "error" in error ? error.error : error;
    const text = typeof message === "object" && message !== null && "message" in message ? message.message : message;
    if (typeof text !== "string" || !right.test(text))
      faults.push(`${step}: ${JSON.stringify(error)}, expected ${right}`);
  };

  same("folder before", false);
  same("folder after", true);
  rows(
    "example 1",
    50,
    four.map((path, i) => [path, i]),
  );
  rows(
    "example 2",
    152,
    four.map((path, i) => [path, i]),
  );
  for (const depth of [18, 34, 50, 101]) rows(`depth ${depth}`, depth, [[four[2]!, 2]]);
  rows("text", 50, [[four[0]!, 0]]);
  rows("bytes", 50, [["image 0", 0]]);
  rows("second ?", 18, [[four[0]!, 0]]);
  said("depth 19", refused);
  said("no folder", /there is no such file or folder/);
  same("list", files);
  same("get", true);
  same("get json", { depth: 50, images: [1, 2] });
  same("file exists", true);
  same("file is gone", false);
  said("not empty", /is not empty/);
  same("folder is gone", false);
  if (results.has("raw")) {
    rows("raw", 18, [[four[0]!, 0]]);
    same("void", ["async_protocol", "request_id"]);
    same("username", "local");
    same("private", "private");
    same("my_algos", "my_algos");
    same("dirs", [".my/training_data/inner"]);
    same("delete folder", true);
  } else said("no algorithm", /there is no algorithm/);
  return faults;
}
