// src/ → dist/: JavaScript and types by tsc, and what tsc leaves undone: modules named by URL (workers) get their .js
// name, and the command gets its executable bit. Assets are not copied: a file of src/ and its twin in dist/ lie at
// the same depth, so `new URL("../../assets/x", import.meta.url)` means the same from both.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { importsOf } from "./module-imports.ts";

/**
 * Builds the package in `root`, from nothing.
 * @throws Error where tsc finds a fault, where a URL names no file, or where a command has no first line for node
 */
export function build(root: string): void {
  const dist = join(root, "dist");
  rmSync(dist, { recursive: true, force: true });
  // Not node_modules/.bin/tsc, which on Windows is a shell script.
  const compiler = fileURLToPath(new URL("../node_modules/typescript/bin/tsc", import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [compiler, "-p", "tsconfig.build.json"], {
    cwd: root,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`tsc found faults:\n${stdout}${stderr}`);

  for (const file of globSync("**/*.js", { cwd: dist })) renameUrls(join(dist, file), dist);

  const { bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { bin: Record<string, string> };
  for (const command of Object.values(bin)) {
    const path = join(root, command);
    if (!existsSync(path) || !readFileSync(path, "utf8").startsWith("#!/usr/bin/env node\n")) {
      throw new Error(`${command}: a command of package.json must be there and start with #!/usr/bin/env node`);
    }
    chmodSync(path, 0o755);
  }
}

/** In one built file: `new URL("./job.ts", import.meta.url)` → `"./job.js"`, which is as long, so source maps stay right. */
function renameUrls(path: string, dist: string): void {
  let text = readFileSync(path, "utf8");
  for (const { specifier, kind, start, end, line } of importsOf(path, text)) {
    if (kind !== "url" || !specifier.startsWith(".")) continue;
    const renamed = specifier.replace(/\.ts$/, ".js");
    if (!existsSync(resolve(dirname(path), renamed))) {
      throw new Error(`${relative(dist, path)}:${line}: a URL names ${renamed}, and there is no such file`);
    }
    text = text.slice(0, start) + JSON.stringify(renamed) + text.slice(end);
  }
  writeFileSync(path, text);
}

if (import.meta.main) {
  try {
    build(fileURLToPath(new URL("..", import.meta.url)));
  } catch (error) {
    console.error(`build: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}
