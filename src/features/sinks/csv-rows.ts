/**
 * Rows as RFC 4180's comma-separated values: image_path, error_code, error_message, then a column for each number, f0, f1, …; a row with an
 * error has none of them. Lines end in a line feed, which every reader takes and `wc` counts.
 */
import { textFormat } from "./text-format.ts";

export const csv = textFormat("csv", "columns image_path, error_code, error_message, f0, f1, …", {
  begin: (width) => `${["image_path", "error_code", "error_message", ...numbered(width)].join(",")}\n`,
  row({ image_path, vector, error }) {
    const numbers = vector ? Array.from(vector, String) : [];
    return `${[quote(image_path), error ? quote(error.code) : "", error ? quote(error.message) : "", ...numbers].join(",")}\n`;
  },
  end: "",
  needsWidth: true,
});

function numbered(width: number): string[] {
  return Array.from({ length: width }, (_, i) => `f${i}`);
}

function quote(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
