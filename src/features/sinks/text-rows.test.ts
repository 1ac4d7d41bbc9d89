import { describe, expect, it } from "vitest";
import { ImageError } from "../../errors.ts";
import type { FeatureRow } from "../features-of.ts";
import { rowFormats } from "./row-formats.ts";

const rows: FeatureRow[] = [
  { image_path: "photos/a.jpg", vector: Float32Array.of(0.5157874226570129, 0, -0, 1e-7, 3.4028234663852886e38) },
  { image_path: 'say "b"\n.jpg', error: new ImageError("not-an-image", "b: not an image") },
  { image_path: "c.jpg", vector: Float32Array.of(1) },
];

function written(format: "json" | "jsonl", list: readonly FeatureRow[]): string {
  const writer = rowFormats[format].text!;
  return writer.begin(0) + list.map((row, i) => writer.row(row, i)).join("") + writer.end;
}

const first =
  '{"image_path":"photos/a.jpg","feature_vector":[0.5157874226570129,0,0,1.0000000116860974e-7,3.4028234663852886e+38]}';
const second = '{"image_path":"say \\"b\\"\\n.jpg","error":{"code":"not-an-image","message":"b: not an image"}}';

describe("rows as text", () => {
  it("jsonl: one object a line, whatever stands in a path", () => {
    expect(written("jsonl", rows)).toBe(`${first}\n${second}\n{"image_path":"c.jpg","feature_vector":[1]}\n`);
    expect(written("jsonl", [])).toBe("");
  });

  it("json: the hosted service's list", () => {
    expect(written("json", rows)).toBe(`[\n${first},\n${second},\n{"image_path":"c.jpg","feature_vector":[1]}\n]\n`);
    expect(JSON.parse(written("json", rows.slice(0, 1)))).toHaveLength(1);
  });

  it("numbers read back as float32 are the same bits", () => {
    const vector = Float32Array.from({ length: 999 }, (_, i) => Math.sin(i) * 10 ** ((i % 60) - 30));
    for (const format of ["json", "jsonl"] as const) {
      const parsed = JSON.parse(written(format, [{ image_path: "a", vector }]));
      const row = format === "json" ? parsed[0] : parsed;
      expect(Float32Array.from(row.feature_vector)).toEqual(vector);
      expect(row.feature_vector).toEqual(Array.from(vector));
    }
  });
});

describe("csv", () => {
  it("has a column a number, quotes what needs it, and leaves failed images' numbers out", () => {
    const { begin, row, end } = rowFormats.csv.text!;
    const lines = begin(2) + row({ image_path: 'a "b",\n.jpg', vector: Float32Array.of(0.1, -0) }, 0);
    expect(lines).toBe('image_path,error_code,error_message,f0,f1\n"a ""b"",\n.jpg",,,0.10000000149011612,0\n');
    const error = new ImageError("not-found", "x, y: not here");
    expect(row({ image_path: "x.jpg", error }, 1)).toBe('x.jpg,not-found,"x, y: not here"\n');
    expect(end).toBe("");
  });
});
