/** Standard error for people and for programs: notices, and progress where a terminal is watching. Data never comes here. */
import { SingleBar } from "cli-progress";
import pc from "picocolors";

export interface ConsoleOptions {
  /** Errors only. */
  readonly quiet: boolean;
  /** One JSON object a line instead of text. */
  readonly json: boolean;
}

export class Console {
  private readonly options: ConsoleOptions;
  private bar: SingleBar | undefined;

  constructor(options: ConsoleOptions) {
    this.options = options;
  }

  /** Something that the user should know and that is no error. */
  notice(message: string): void {
    if (!this.options.quiet) this.line("notice", message);
  }

  /** An error that costs one image; the run goes on. */
  error(message: string, code: string): void {
    this.line("error", message, { code });
  }

  /** Progress: on a terminal a bar, as JSON a line, otherwise nothing. */
  progress(done: number, total: number): void {
    if (this.options.quiet) return;
    if (this.options.json) {
      process.stderr.write(`${JSON.stringify({ level: "progress", done, total })}\n`);
      return;
    }
    if (!process.stderr.isTTY) return;
    if (!this.bar) {
      this.bar = new SingleBar({
        format: "{bar} {value}/{total} images, {eta_formatted} left",
        stream: process.stderr,
        clearOnComplete: true,
      });
      this.bar.start(total, 0);
    }
    this.bar.update(done);
  }

  /** Takes the progress bar away. */
  end(): void {
    this.bar?.stop();
    this.bar = undefined;
  }

  private line(level: "notice" | "error", message: string, more: Record<string, string> = {}): void {
    if (this.options.json) {
      process.stderr.write(`${JSON.stringify({ level, ...more, message })}\n`);
      return;
    }
    const colours = pc.createColors(process.stderr.isTTY === true && pc.isColorSupported);
    process.stderr.write(`residual: ${level === "error" ? colours.red(message) : message}\n`);
  }
}
