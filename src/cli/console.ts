/** Standard error for people and for programs: notices, errors, and progress where a terminal is watching. Data never comes here. */
import { SingleBar } from "cli-progress";
import pc from "picocolors";
import { formatBytes } from "../tensor/format-bytes.ts";
import type { DownloadProgress } from "../weights/download/fetch-options.ts";

export interface ConsoleOptions {
  /** Errors only. */
  readonly quiet: boolean;
  /** One JSON object a line instead of text. */
  readonly json: boolean;
}

export class Console {
  private readonly options: ConsoleOptions;
  private bar: SingleBar | undefined;
  private lastJson = Number.NEGATIVE_INFINITY;
  private began = { at: 0, received: 0 };

  constructor(options: ConsoleOptions) {
    this.options = options;
  }

  /** Something that the user should know and that is no error. */
  notice(message: string): void {
    if (!this.options.quiet) this.line("notice", message);
  }

  /** An error: of one image, while the run goes on, or the one that ends it. */
  error(message: string, code: string): void {
    this.line("error", message, { code });
  }

  /** A fault of the program's own, with its stack. */
  fault(stack: string): void {
    if (this.options.json) this.line("error", stack, { code: "fault" });
    else this.write(`residual: a fault in the program itself, please report it: ${stack}\n`);
  }

  /** Progress: on a terminal a bar, as JSON a line, otherwise nothing. */
  progress(done: number, total: number): void {
    if (this.options.quiet) return;
    if (this.options.json) {
      this.write(`${JSON.stringify({ level: "progress", done, total })}\n`);
      return;
    }
    if (!process.stderr.isTTY) return;
    if (!this.bar) {
      this.bar = new SingleBar({
        format: "{bar} {value}/{total} images",
        stream: process.stderr,
        clearOnComplete: true,
      });
      this.bar.start(total, done);
    }
    this.bar.update(done);
  }

  /** A download's progress, in bytes: as `progress`, and in JSON at most once a second. */
  download({ file, received, total }: DownloadProgress): void {
    const ends = received === total;
    if (this.options.quiet) return;
    if (this.options.json) {
      if (!ends && performance.now() - this.lastJson < 1000) return;
      this.lastJson = performance.now();
      this.write(
        `${JSON.stringify({ level: "progress", file, received, ...(total === undefined ? {} : { total }) })}\n`,
      );
      return;
    }
    if (!process.stderr.isTTY) return;
    if (!this.bar) {
      const format = `${oneLine(file)} {bar} {done} of {all}, {rate}, {eta_formatted} left`;
      this.bar = new SingleBar({ format, stream: process.stderr, clearOnComplete: true, etaBuffer: 50 });
      this.bar.start(total ?? received, received, { done: "", all: "", rate: "" });
      this.began = { at: performance.now(), received };
    }
    const seconds = (performance.now() - this.began.at) / 1000;
    const perSecond = seconds > 0 ? Math.round((received - this.began.received) / seconds) : 0;
    const all = total === undefined ? "an unknown length" : formatBytes(total);
    this.bar.update(received, { done: formatBytes(received), all, rate: `${formatBytes(perSecond)}/s` });
    if (ends) this.end();
  }

  /** Takes the progress bar away; the next progress draws it anew. */
  end(): void {
    this.bar?.stop();
    this.bar = undefined;
  }

  private line(level: "notice" | "error", message: string, more: Record<string, string> = {}): void {
    this.end();
    if (this.options.json) {
      this.write(`${JSON.stringify({ level, ...more, message })}\n`);
      return;
    }
    const text = oneLine(message);
    const colours = pc.createColors(process.stderr.isTTY === true && pc.isColorSupported);
    this.write(`residual: ${level === "error" ? colours.red(text) : text}\n`);
  }

  private write(text: string): void {
    process.stderr.write(text);
  }
}

/** A message on one line: names of files may hold line breaks, and what a terminal would obey. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (character) => {
    if (character === "\n") return "\\n";
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
