// The package as npm would publish it, tried as a user would: packed, unpacked into an empty project beside its
// dependencies, type-checked and run there, with no condition set, so from dist/. Needs `npm run build` before.
import { type ExecFileSyncOptionsWithStringEncoding, execFileSync } from "node:child_process";
import { createReadStream, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { createGunzip } from "node:zlib";
import { extract } from "tar-fs";

const root = fileURLToPath(new URL("..", import.meta.url));
const photo = join(root, "examples/photos/cat.png");

const program = `
  import { openModel } from "residual";
  import { tensor } from "residual/tensor";
  import { Conv2d } from "residual/nn";

  const model = await openModel({ model: "tiny", device: "wasm" });
  const { vector, device }: { vector: Float32Array; device: string } = await model.features(process.argv[2] as string);
  model.dispose();
  const sum: Float32Array = await tensor([1, 2], [2]).data({ device: "reference" });
  console.log(JSON.stringify([device, vector.length, vector.every(Number.isFinite), [...sum], typeof Conv2d]));
`;

/** Makes a project in `folder` that has the package and its dependencies, and nothing else, in node_modules. */
async function install(folder: string): Promise<void> {
  const packed = execFileSync("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], {
    cwd: root,
    encoding: "utf8",
  });
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
  const home = join(folder, "node_modules/residual");
  await pipeline(
    createReadStream(join(folder, filename)),
    createGunzip(),
    extract(home, { map: (header) => ({ ...header, name: header.name.replace(/^package\//, "") }) }),
  );
  const { dependencies } = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  for (const name of [...Object.keys(dependencies), "@types/node"]) {
    mkdirSync(dirname(join(folder, "node_modules", name)), { recursive: true });
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  }
  writeFileSync(join(folder, "package.json"), '{ "type": "module", "private": true }');
  writeFileSync(join(folder, "program.ts"), program);
}

const folder = mkdtempSync(join(tmpdir(), "residual-package-"));
try {
  await install(folder);
  const options: ExecFileSyncOptionsWithStringEncoding = {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  };
  const compiler = join(root, "node_modules/.bin/tsc");
  const strict = [
    "--strict",
    "--noEmit",
    "--module",
    "nodenext",
    "--target",
    "es2022",
    "--types",
    "node",
    "program.ts",
  ];
  // Our types are checked too (no skipLibCheck), with as little as a user may have: no DOM, no WebGPU, no newer library.
  for (const lib of ["es2022", "es2022,dom", "esnext,dom"])
    execFileSync(compiler, [...strict, "--lib", lib], { ...options, stdio: "inherit" });

  const said = execFileSync(process.execPath, ["program.ts", photo], options).trim();
  const expected = JSON.stringify(["wasm", 128, true, [1, 2], "function"]);
  if (said !== expected) throw new Error(`the program printed ${said}, expected ${expected}`);

  const command = join(folder, "node_modules/residual/dist/cli/main.js");
  const line = execFileSync(command, ["features", photo, "--model", "tiny", "--device", "wasm"], options);
  const { feature_vector } = JSON.parse(line) as { feature_vector: number[] };
  if (feature_vector.length !== 128) throw new Error(`the command gave ${feature_vector.length} numbers, expected 128`);
  console.log("try-package: types, program and command work from the packed package");
} finally {
  rmSync(folder, { recursive: true });
}
