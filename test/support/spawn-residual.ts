/** The command line, run as a user runs it: `residual …` from the sources in a process of its own. */
import { spawn } from "node:child_process";
import { fromRoot } from "./small-weights.ts";

export interface RunResult {
  /** The exit code, or the signal that ended the process. */
  readonly code: number | NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  /** All of standard input; null leaves it open, with nothing coming; a file descriptor is what it is itself. */
  readonly stdin?: string | number | null;
  /** What standard output is: a file descriptor in place of the pipe that is read. */
  readonly stdout?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with each piece of standard error; may end the process or close its output. */
  readonly onStderr?: (text: string, process: RunningProcess) => void;
  readonly onStdout?: (text: string, process: RunningProcess) => void;
  readonly onStart?: (process: RunningProcess) => void;
}

export interface RunningProcess {
  readonly pid: number;
  kill(signal: NodeJS.Signals): void;
  /** Stops reading standard output, as `| head -1` does. */
  closeStdout(): void;
}

/** Runs a script of the checkout with the condition `source`. */
export function runScript(script: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { cwd, stdin = "", stdout: output = "pipe", env, onStderr, onStdout, onStart } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [...process.execArgv.filter(isSafe), "--conditions=source", fromRoot(script), ...args],
      {
        cwd,
        stdio: [typeof stdin === "number" ? stdin : "pipe", output, "pipe"],
        env: { ...plainEnvironment(), ...env },
      },
    );
    const running: RunningProcess = {
      pid: child.pid!,
      kill: (signal) => child.kill(signal),
      closeStdout: () => child.stdout?.destroy(),
    };
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      onStdout?.(text, running);
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      onStderr?.(text, running);
    });
    child.stdin?.on("error", () => undefined); // a child that ends before it read everything
    if (typeof stdin === "string") child.stdin!.end(stdin);
    if (onStart) onStart(running);
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code: code ?? signal!, stdout, stderr }));
  });
}

/** The flag against a race in V8 that vitest.config.ts tells of. */
function isSafe(flag: string): boolean {
  return flag.startsWith("--wasm-wrapper-tiering-budget");
}

/** Ours without what would colour the output or change how Node runs. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const { NO_COLOR, FORCE_COLOR, NODE_OPTIONS, ...others } = process.env;
  return others;
}

export function runResidual(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return runScript("src/cli/main.ts", args, options);
}
