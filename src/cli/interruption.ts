/** Ctrl-C and SIGTERM: the first aborts what waits for `signal`, the second ends the process by the signal itself. */
import { Interrupted } from "./exit.ts";

export class Interruption {
  readonly #abort = new AbortController();
  readonly #atSecond: () => void;
  readonly #listener = (signal: "SIGINT" | "SIGTERM"): void => {
    if (!this.#abort.signal.aborted) {
      this.#abort.abort(new Interrupted(signal));
      return;
    }
    // The second time the user will not wait for what is under way. By the signal itself (130 or 143 in a shell): process.exit
    // waits for system calls that other threads are in, such as the opening of a pipe that nobody reads.
    this.#atSecond();
    this.end();
    process.kill(process.pid, signal);
  };

  /** `atSecond`: what is left to do, at once, when the user does not wait. */
  constructor(atSecond: () => void) {
    this.#atSecond = atSecond;
    process.on("SIGINT", this.#listener).on("SIGTERM", this.#listener);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Signals do what they did before. */
  end(): void {
    process.off("SIGINT", this.#listener).off("SIGTERM", this.#listener);
  }
}
