/** What a format of output is: how all rows of a run become files. One file of this folder each, and a line in row-formats.ts. */
import type { Output } from "../../platform/platform.ts";
import type { FeatureRow } from "../features-of.ts";
import type { RunFacts } from "../row-journal.ts";

/** All rows of a run, which may be read again and again, a batch at a time. */
export interface KeptRows {
  readonly count: number;
  readonly failed: number;
  /** Numbers of a vector; 0 where there is none. */
  readonly width: number;
  readonly facts: RunFacts;
  read(): AsyncIterable<readonly FeatureRow[]>;
}

export interface WriteOptions {
  /** 16-bit numbers in place of 32. */
  readonly float16: boolean;
  /** Begins a file; all of a run's appear together at the end, in the order in which they were begun. */
  readonly open: (path: string) => Promise<Output>;
}

/** A format that is text: it can go to a stream as rows come. */
export interface TextRows {
  /** What stands before the first row. `width`: numbers of a vector, where the format asks for it. */
  begin(width: number): string;
  row(row: FeatureRow, index: number): string;
  readonly end: string;
  /** Whether `begin` needs a vector's width. */
  readonly needsWidth: boolean;
}

export interface RowFormat {
  /** One line for the help. */
  readonly about: string;
  /** What a file's name ends with. None for a format that has to be asked for. */
  readonly suffix?: string;
  readonly text?: TextRows;
  /** Whether its numbers may have 16 bits. */
  readonly canFloat16: boolean;
  /** What it makes for an output named `path`. */
  files(path: string): readonly string[];
  write(rows: KeptRows, path: string, options: WriteOptions): Promise<void>;
}
