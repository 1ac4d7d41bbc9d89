// src/ → dist/: types by tsc, JavaScript by rolldown, in few files: loading two hundred modules costs a process 60 ms and
// every worker thread 9 MiB. Entries are what package.json names and what is named by URL (workers), under the paths of
// their sources; what they share lies in dist/chunks/, what is imported late in chunks of its own.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, globSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Plugin, rolldown } from "rolldown";
import { importsOf } from "./module-imports.ts";

interface Package {
  readonly bin: Record<string, string>;
}

/**
 * Builds the package in `root`, from nothing.
 * @throws Error where tsc or rolldown finds a fault, where a URL names no file, or where a command has no first line for node
 */
export async function build(root: string): Promise<void> {
  const dist = join(root, "dist");
  rmSync(dist, { recursive: true, force: true });
  declareTypes(root);

  const urls = urlsOf(root);
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Package;
  for (const command of Object.values(manifest.bin)) {
    const source = sourceOf(root, command);
    if (!existsSync(source) || !readFileSync(source, "utf8").startsWith("#!/usr/bin/env node\n"))
      throw new Error(`${command}: a command of package.json must be there and start with #!/usr/bin/env node`);
  }
  const sources = [
    ...builtFiles(manifest).map((file) => sourceOf(root, file)),
    ...urls.map(({ target }) => target).filter((target) => target.endsWith(".ts")),
  ];
  const bundle = await rolldown({
    cwd: root,
    input: Object.fromEntries(sources.map((source) => [distPath(root, source).replace(/\.js$/, ""), source])),
    platform: "neutral",
    external: (id) => !/^[./]/.test(id) && !/^[A-Za-z]:[\\/]/.test(id), // packages, node: and #platform, which the runtime chooses
    plugins: [moveUrls(root, urls)],
  });
  try {
    await bundle.write({
      ...{ dir: dist, format: "esm", sourcemap: true },
      ...{ entryFileNames: "[name].js", chunkFileNames: "chunks/[name].js" },
    });
  } finally {
    await bundle.close();
  }
  for (const command of Object.values(manifest.bin)) chmodSync(join(root, command), 0o755);
}

function declareTypes(root: string): void {
  // Not node_modules/.bin/tsc, which on Windows is a shell script.
  const compiler = fileURLToPath(new URL("../node_modules/typescript/bin/tsc", import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [compiler, "-p", "tsconfig.build.json"], {
    cwd: root,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`tsc found faults:\n${stdout}${stderr}`);
}

/** The files below dist/ that package.json names, at whatever depth. */
function builtFiles(value: unknown): string[] {
  if (typeof value === "string") return /^\.\/dist\/.*\.js$/.test(value) ? [value] : [];
  return typeof value === "object" && value !== null ? [...new Set(Object.values(value).flatMap(builtFiles))] : [];
}

function sourceOf(root: string, built: string): string {
  return join(root, built.replace(/^\.\/dist\//, "src/").replace(/\.js$/, ".ts"));
}

/** Where a source's JavaScript goes, from dist/. */
function distPath(root: string, source: string): string {
  return relative(join(root, "src"), source).replaceAll("\\", "/").replace(/\.ts$/, ".js");
}

interface NamedByUrl {
  /** The source that names it, and where its text does. */
  readonly source: string;
  readonly start: number;
  readonly end: number;
  /** What it names: a source, or another file of the package. */
  readonly target: string;
}

/** All `new URL("./file", import.meta.url)` of src/. */
function urlsOf(root: string): NamedByUrl[] {
  const files = globSync("src/**/*.ts", { cwd: root }).filter((file) => !/\.(test|d)\.ts$/.test(file));
  return files.flatMap((file) => {
    const source = join(root, file);
    const named = importsOf(source, readFileSync(source, "utf8")).filter(
      ({ kind, specifier }) => kind === "url" && specifier.startsWith("."),
    );
    return named.map(({ specifier, start, end, line }) => {
      const target = resolve(dirname(source), specifier);
      if (!existsSync(target)) throw new Error(`${file}:${line}: a URL names ${specifier}, and there is no such file`);
      return { source, start, end, target };
    });
  });
}

/** What is named by URL is found from where the code that names it comes to lie. */
function moveUrls(root: string, urls: readonly NamedByUrl[]): Plugin {
  const place = (i: number): string => `residual-build:${i}:`;
  return {
    name: "move-urls",
    transform(code, id) {
      const here = urls.map((url, i) => ({ ...url, i })).filter(({ source }) => source === resolve(id));
      if (here.length === 0) return undefined;
      let text = code;
      for (const { start, end, i } of here.toReversed())
        text = text.slice(0, start) + JSON.stringify(place(i)) + text.slice(end);
      return { code: text, map: null }; // every line stays where it is
    },
    renderChunk(code, { fileName }) {
      let text = code;
      for (const [i, { target }] of urls.entries()) {
        const built = target.endsWith(".ts") ? join(root, "dist", distPath(root, target)) : target;
        const path = relative(dirname(join(root, "dist", fileName)), built).replaceAll("\\", "/");
        text = text.replaceAll(place(i), path.startsWith(".") ? path : `./${path}`);
      }
      return text === code ? null : { code: text, map: null };
    },
  };
}

if (import.meta.main) {
  try {
    await build(fileURLToPath(new URL("..", import.meta.url)));
  } catch (error) {
    console.error(`build: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}
