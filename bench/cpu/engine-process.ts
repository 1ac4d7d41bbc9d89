/**
 * An engine in a process of its own, which lives for all rounds of a workload. It is given its spec as an argument, says that it is ready,
 * and then runs as often as each line on its standard input says. It answers in lines of JSON on file descriptor 3, so that what engines
 * print is not in the way. cpu-engine-main.ts and ../peers/torch_cpu.py are the other half.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { processorTimeOf } from "../common/processor-time.ts";

/** The engine is ready. */
export interface ReadyAnswer {
  readonly version: string;
  /** That it does use, as far as it says. */
  readonly threads: number;
}

/** The engine has run. */
export interface RunAnswer {
  /** Of each run: from inputs in memory to logits in memory. */
  readonly milliseconds: number[];
  /** The last run's. */
  readonly output: number[];
}

/** What an engine that cannot be had answers instead of being ready; the rows are left out. */
export interface MissingAnswer {
  readonly missing: string;
}

export class EngineProcess {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #failed: Promise<never>;
  #errors = "";

  constructor(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ["pipe", "pipe", "pipe", "pipe"],
    });
    this.#failed = new Promise<never>((_, reject) => {
      this.#child.once("error", reject);
      // When its streams have ended too, so that what it said last is known.
      this.#child.once("close", (code, signal) => {
        reject(new Error(`${[command, ...args].join(" ")} ended with ${signal ?? code}:\n${this.#errors.trim()}`));
      });
    });
    this.#failed.catch(() => undefined); // nobody may be waiting when it comes
    this.#child.stdin!.on("error", () => undefined); // it has ended, which is said above
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.on("data", (chunk) => {
        this.#errors = `${this.#errors}${chunk}`.slice(-4000);
      });
    const lines = createInterface({ input: this.#child.stdio[3] as Readable });
    this.#answers = lines[Symbol.asyncIterator]();
  }

  /** Resolves when the engine has its weights and has compiled. */
  ready(): Promise<ReadyAnswer | MissingAnswer> {
    return this.#answer<ReadyAnswer | MissingAnswer>();
  }

  run(count: number): Promise<RunAnswer> {
    this.#child.stdin!.write(`${count}\n`);
    return this.#answer<RunAnswer>();
  }

  /** Milliseconds of processor time that all its threads have used; nothing where that is not known. */
  cpuMilliseconds(): number | undefined {
    return processorTimeOf(this.#child.pid!);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, "close");
    this.#child.stdin!.end();
    const kill = setTimeout(() => this.#child.kill("SIGKILL"), 5000);
    await closed;
    clearTimeout(kill);
  }

  async #answer<T>(): Promise<T> {
    const next = this.#answers.next().then((line) => (line.done ? this.#failed : line.value));
    return JSON.parse(await Promise.race([next, this.#failed])) as T;
  }
}
