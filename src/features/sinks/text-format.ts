/** A format of text as a whole file. */
import type { RowFormat, TextRows } from "./sink.ts";

export function textFormat(suffix: string, about: string, text: TextRows): RowFormat {
  return {
    ...{ suffix, about, text, canFloat16: false },
    files: (path) => [path],
    async write(rows, path, { open }) {
      const output = await open(path);
      await output.write(text.begin(rows.width));
      let index = 0;
      for await (const batch of rows.read()) await output.write(batch.map((row) => text.row(row, index++)).join(""));
      await output.write(text.end);
    },
  };
}
