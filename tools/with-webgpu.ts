// Starts a command with a WebGPU adapter in reach: `node tools/with-webgpu.ts vitest run FILE…`.
// Dawn (the npm package `webgpu`) finds its Vulkan driver through VK_ICD_FILENAMES and the dynamic linker, and both are
// read when a process starts, so they cannot be set from within the tests. A driver that the user has named already
// is left in charge. On systems other than Linux on x64, Dawn uses the system's own GPU.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { prepended, swiftShaderFolder } from "./chromium-files.ts";

/** The variables to add to `env` so that Dawn has an adapter, and one line that says what was chosen. */
async function webgpuEnvironment(env: NodeJS.ProcessEnv): Promise<{ added: Record<string, string>; note: string }> {
  for (const name of ["VK_ICD_FILENAMES", "VK_DRIVER_FILES"]) {
    if (env[name]) return { added: {}, note: `WebGPU tests use the driver of ${name}=${env[name]}` };
  }
  if (process.platform !== "linux" || process.arch !== "x64") {
    return { added: {}, note: `WebGPU tests use this system's own GPU (${process.platform}-${process.arch})` };
  }
  const folder = await swiftShaderFolder();
  return {
    added: {
      VK_ICD_FILENAMES: join(folder, "vk_swiftshader_icd.json"),
      LD_LIBRARY_PATH: prepended(folder, env.LD_LIBRARY_PATH),
    },
    note: "WebGPU tests use SwiftShader, a GPU in software (set VK_ICD_FILENAMES to use another)",
  };
}

const [command, ...args] = process.argv.slice(2);
if (command === undefined) {
  console.error("usage: node tools/with-webgpu.ts COMMAND [ARGUMENT…]");
  process.exit(2);
}
const { added, note } = await webgpuEnvironment(process.env);
console.error(`with-webgpu: ${note}`);

// The project's own programs come first, also when this file is started without npm.
const programs = fileURLToPath(new URL("../node_modules/.bin", import.meta.url));
const env = { ...process.env, ...added, PATH: `${programs}${delimiter}${process.env.PATH ?? ""}` };
// On Windows a package's program is a shell script (vitest.cmd).
const child = spawn(command, args, { stdio: "inherit", env, shell: process.platform === "win32" });
process.on("SIGINT", () => {}); // a terminal sends it to the child too, which then decides when all ends
for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  console.error(`with-webgpu: ${command} could not be started: ${error.message}`);
  process.exit(127);
});
child.on("exit", (code, signal) => process.exit(code ?? 128 + (signal ? constants.signals[signal] : 0)));
