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

export interface ProgressState {
  readonly done: number;
  /** Unknown where it cannot be counted before. */
  readonly total: number | undefined;
  /** Where it is known, it is said, and the time left with it. */
  readonly imagesPerSecond?: number;
  /** What is counted: images unless told. */
  readonly unit?: string;
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
  progress({ done, total, imagesPerSecond, unit = "images" }: ProgressState): void {
    if (this.options.quiet) return;
    const left = total === undefined || imagesPerSecond === undefined ? undefined : (total - done) / imagesPerSecond;
    if (this.options.json) {
      const rates = {
        imagesPerSecond: imagesPerSecond === undefined ? undefined : round(imagesPerSecond),
        secondsLeft: left === undefined ? undefined : round(left),
      };
      this.write(`${JSON.stringify({ level: "progress", done, total, ...rates })}\n`);
      return;
    }
    if (!process.stderr.isTTY) return;
    const rate = imagesPerSecond === undefined ? "" : `, ${imagesPerSecond.toPrecision(3)} ${unit}/s`;
    const speed = `${rate}${left === undefined ? "" : `, ${asTime(left)} left`}`;
    if (!this.bar) {
      this.bar = new SingleBar({
        format: `${total === undefined ? "{value}" : "{bar} {value}/{total}"} ${unit}{speed}`,
        stream: process.stderr,
        clearOnComplete: true,
      });
      this.bar.start(total ?? 0, done, { speed });
    }
    this.bar.update(done, { speed });
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
    if (!this.bar) this.began = { at: performance.now(), received };
    const perSecond = (1000 * (received - this.began.received)) / (performance.now() - this.began.at);
    const known = Number.isFinite(perSecond) && perSecond > 0;
    const rate = known ? `, ${formatBytes(Math.round(perSecond))}/s` : "";
    const left = known && total !== undefined ? `, ${Math.ceil((total - received) / perSecond)} s left` : "";
    const all = total === undefined ? "an unknown length" : formatBytes(total);
    const payload = { done: formatBytes(received), all, rate, left };
    if (!this.bar) {
      const format = `${oneLine(file)} {bar} {done} of {all}{rate}{left}`;
      this.bar = new SingleBar({ format, stream: process.stderr, clearOnComplete: true });
      this.bar.start(total ?? received, received, payload);
    }
    this.bar.update(received, payload);
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

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** `40 s`, `3 min 20 s`, `2 h 5 min`. */
function asTime(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A message on one line: names of files may hold line breaks, and what a terminal would obey. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (character) => {
    if (character === "\n") return "\\n";
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
