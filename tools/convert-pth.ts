// Converts a PyTorch checkpoint (or any weights that the library reads) to safetensors: `node --conditions=source tools/convert-pth.ts IN OUT`.
// The same code as `residual convert`, whose options it has.
import { convertProgram } from "../src/cli/convert-command.ts";
import { endProcess, exitCode, reportFailure } from "../src/cli/exit.ts";

let code: number = exitCode.done;
try {
  await convertProgram("convert-pth", (value) => {
    code = value;
  }).parseAsync(process.argv);
} catch (error) {
  code = reportFailure(error, { json: process.argv.includes("--json") });
}
endProcess(code);
