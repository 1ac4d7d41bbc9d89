// The table of what each folder may import, from the ground up, and the check that it holds and that no modules import
// one another in a circle. `npm run imports` checks the tree; import-table.test.ts checks the check.
// Written on a parser because dependency-cruiser reads TypeScript through TypeScript's old compiler API, which
// TypeScript 7 does not have.
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { importsOf, type ModuleImport } from "./module-imports.ts";

const ground = ["tensor", "errors"];
const belowModel = ["nn", "engine", "graph", "backends", "kernels", "asm", "platform", "weights", "image", ...ground];
const library = [...belowModel, "model", "features", "inspect"];

/** For each folder (or file) directly in src/, what it may import beside itself. */
export const importTable: Record<string, readonly string[]> = {
  errors: [],
  tensor: ["errors"],
  platform: ["errors"],
  asm: ["errors"],
  kernels: ["tensor", "asm", "errors"], // a kernel cannot see a device
  graph: ["kernels", ...ground],
  backends: ["graph", "kernels", "asm", "platform", ...ground],
  engine: ["graph", "backends", ...ground],
  nn: ["engine", "graph", ...ground],
  weights: ["platform", ...ground],
  image: ["platform", ...ground],
  model: belowModel,
  features: [...belowModel, "model"],
  inspect: [...belowModel, "model", "features"],
  server: library,
  cli: [...library, "server"],
  index: library, // the public API: explicit named exports
  worker: library, // what worker threads start as: the list of their jobs
};

/** The one file that a lower folder may name, by URL: a worker thread is started and not imported. */
const started = { file: "src/worker.ts", by: "platform" };

/** Folders beside src/ that use the library as its users do: by its name. */
const outsiders = ["examples", "web"];
/** Folders beside src/ (and all tests) that may import whatever is in src/. */
const insiders = ["tools", "test", "bench"];

interface Edge extends ModuleImport {
  from: string;
  /** Paths from the root, or none for a package. */
  to: string[];
}

/**
 * Checks every .ts file below `root`.
 * @returns one line a breach, with the file, the line and what would be right; and how much was read
 */
export function checkImports(root: string): { breaches: string[]; files: number; imports: number } {
  const folders = ["src", ...insiders, ...outsiders];
  const files = globSync(`{${folders.join(",")}}/**/*.ts`, { cwd: root, exclude: ["**/node_modules"] })
    .map((path) => path.replaceAll("\\", "/")) // Windows
    .sort();
  const edges = files.flatMap((from) =>
    importsOf(from, readFileSync(join(root, from), "utf8")).map((found) => {
      return { ...found, from, to: targets(root, from, found.specifier) } satisfies Edge;
    }),
  );
  const breaches = edges.flatMap((edge) => breachesOf(root, edge).map((why) => `${edge.from}:${edge.line}: ${why}`));
  const loads = edges.filter((edge) => edge.kind === "import");
  const cycles = cyclesOf(loads).map((cycle) => `modules import one another in a circle: ${cycle.join(" → ")}`);
  return { breaches: [...breaches, ...cycles], files: files.length, imports: edges.length };
}

/** The files that a specifier names: several where package.json's imports have conditions, none for a package. */
function targets(root: string, from: string, specifier: string): string[] {
  if (specifier.startsWith(".")) return [posix.join(dirname(from), specifier)];
  if (!specifier.startsWith("#")) return [];
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { imports?: Conditions };
  return [...leaves(manifest.imports?.[specifier])].filter((path) => path.endsWith(".ts")).map(posix.normalize);
}

interface Conditions {
  [condition: string]: string | Conditions;
}

function* leaves(conditions: string | Conditions | undefined): Generator<string> {
  if (typeof conditions === "string") yield conditions;
  else for (const inner of Object.values(conditions ?? {})) yield* leaves(inner);
}

function breachesOf(root: string, edge: Edge): string[] {
  const { from, specifier, kind } = edge;
  const [top] = from.split("/") as [string];
  const isTest = from.endsWith(".test.ts") || insiders.includes(top);
  const breaches: string[] = [];

  if (from === "src/index.ts" && edge.exportsAll) breaches.push("index.ts names each export: no `export *`");
  if (specifier.startsWith("#") && edge.to.length === 0)
    breaches.push(`${specifier} stands in no line of package.json`);
  for (const to of edge.to) {
    if (!existsSync(join(root, to))) {
      if (kind === "import") breaches.push(`there is no ${to}`);
      continue;
    }
    if (isTest) continue;
    if (outsiders.includes(top)) {
      if (!to.startsWith(`${top}/`)) breaches.push(`${top} may import the public entry alone ("residual"), not ${to}`);
    } else if (to.endsWith(".test.ts")) {
      breaches.push(`only a test may import a test, and ${to} is one`);
    } else if (to.endsWith(".ts")) {
      if (kind === "url" && to === started.file && room(from) === started.by) continue;
      breaches.push(...breachesInSrc(from, to));
    }
  }
  const isNode = specifier.startsWith("node:");
  if (top === "src" && !isTest && isNode && !["platform", "server", "cli"].includes(room(from))) {
    breaches.push(`${specifier}: only platform/ (and the programs in server/ and cli/) may know the runtime`);
  }
  if (top === "src" && !isTest && /^residual($|\/)/.test(specifier)) {
    breaches.push(`${specifier}: inside src/, import the file itself`);
  }
  return breaches;
}

function breachesInSrc(from: string, to: string): string[] {
  if (!to.startsWith("src/")) return [`src never imports ${to}`];
  const [here, there] = [room(from), room(to)];
  if (here === there) return [];
  const allowed = importTable[here];
  if (!allowed) return [`src/${here} has no row in tools/import-table.ts`];
  if (allowed.includes(there)) return [];
  return [`${here} may not import ${there} (${to}): it may import ${allowed.join(", ") || "nothing"}`];
}

/** The row of the table that a file in src/ belongs to. */
function room(path: string): string {
  return (path.split("/")[1] as string).replace(/\.ts$/, "");
}

/** One cycle for each import that closes one, in the order of a depth-first walk. */
function cyclesOf(edges: Edge[]): string[][] {
  const next = new Map<string, string[]>();
  for (const { from, to } of edges) next.set(from, [...(next.get(from) ?? []), ...to]);
  const cycles: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const start = path.indexOf(file);
    if (start >= 0) cycles.push([...path.slice(start), file]);
    if (start >= 0 || done.has(file)) return;
    path.push(file);
    for (const to of new Set(next.get(file))) visit(to);
    path.pop();
    done.add(file);
  };
  for (const file of next.keys()) visit(file);
  return cycles;
}

if (import.meta.main) {
  const { breaches, files, imports } = checkImports(fileURLToPath(new URL("..", import.meta.url)));
  for (const breach of breaches) console.error(breach);
  const verdict = breaches.length === 0 ? "the table holds" : `against the table: ${breaches.length}`;
  console.error(`imports: ${files} files, ${imports} imports; ${verdict}`);
  process.exitCode = breaches.length > 0 ? 1 : 0;
}
