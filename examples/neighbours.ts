/**
 * Which photos lie near each other: reads what `residual features … -o FILE` wrote (.json or .jsonl) and shows, for each photo, the two
 * whose vectors point in the nearest direction. `npm run quickstart` ends with it.
 *
 *   npx node examples/neighbours.ts FILE
 */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { styleText } from "node:util";

interface Photo {
  readonly name: string;
  readonly vector: readonly number[];
}

interface Neighbour {
  readonly photo: Photo;
  readonly cosine: number;
}

/** The rows of a file: those with a vector, and the messages of those with an error. Throws where it is no such file. */
function parseRows(text: string): { photos: Photo[]; errors: string[] } {
  const list: unknown = text.trimStart().startsWith("[")
    ? JSON.parse(text)
    : text.split("\n").flatMap((line) => (line.trim() === "" ? [] : [JSON.parse(line)]));
  const photos: Photo[] = [];
  const errors: string[] = [];
  for (const row of list as { image_path?: unknown; feature_vector?: unknown; error?: { message?: unknown } }[]) {
    const { image_path, feature_vector, error } = row;
    if (typeof image_path !== "string" || (!Array.isArray(feature_vector) && !error))
      throw new Error('expected {"image_path": …, "feature_vector": […]} for each photo');
    if (Array.isArray(feature_vector)) photos.push({ name: basename(image_path), vector: feature_vector });
    else errors.push(String(error?.message));
  }
  if (photos.some(({ vector }) => vector.length !== photos[0]!.vector.length))
    throw new Error("its vectors have different lengths: they come from different networks or layers");
  return { photos, errors };
}

/** The cosine of the angle between two vectors: 1 for the same direction, 0 for nothing in common. */
function cosineOf(a: readonly number[], b: readonly number[]): number {
  const dot = a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  return dot === 0 ? 0 : dot / (Math.hypot(...a) * Math.hypot(...b));
}

function nearest(photo: Photo, photos: readonly Photo[]): Neighbour[] {
  return photos
    .filter((other) => other !== photo)
    .map((other) => ({ photo: other, cosine: cosineOf(photo.vector, other.vector) }))
    .sort((a, b) => b.cosine - a.cosine)
    .slice(0, 2);
}

/** Colour where a terminal shows it and NO_COLOR is not set; styleText looks at both. */
function paint(style: "green" | "dim" | "bold", text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

function table(photos: readonly Photo[]): string {
  const neighbours = new Map(photos.map((photo) => [photo, nearest(photo, photos)]));
  const width = Math.min(32, Math.max(...photos.map(({ name }) => name.length)));
  const cell = (name: string) => (name.length > width ? `${name.slice(0, width - 1)}…` : name.padEnd(width));
  const lines = photos.map((photo) => {
    const [first, second] = neighbours.get(photo)!;
    const mutual = neighbours.get(first!.photo)![0]!.photo === photo;
    const near = `${mutual ? "↔" : "→"} ${cell(first!.photo.name)} ${first!.cosine.toFixed(3)}`;
    const far = second ? `${cell(second.photo.name)} ${second.cosine.toFixed(3)}` : "";
    return `${cell(photo.name)} ${mutual ? paint("green", near) : near}   ${paint("dim", far)}`.trimEnd();
  });
  const head = `${cell("photo")}   ${cell("nearest")} cosine  ${cell("second")} cosine`;
  return [paint("bold", head), ...lines].join("\n");
}

const [file] = process.argv.slice(2);
try {
  if (file === undefined) throw new Error("name the file that `residual features … -o FILE` wrote");
  const { photos, errors } = parseRows(await readFile(file, "utf8"));
  if (photos.length < 2) throw new Error(`${photos.length} vectors are in it; two at least have neighbours`);
  console.log(
    `${photos.length} photos in ${file}, ${photos[0]!.vector.length} numbers each; cosine 1: the same direction\n`,
  );
  console.log(table(photos));
  for (const error of errors) console.log(`no vector: ${error}`);
  console.log(`
↔ ${paint("green", "each is the other's nearest")}

Now your own photos (names of files or folders; --help says more):
  npm run residual -- features FOLDER --model tiny -o mine.jsonl
  npx node examples/neighbours.ts mine.jsonl`);
} catch (error) {
  console.error(
    `neighbours: ${file === undefined ? "" : `${file}: `}${error instanceof Error ? error.message : String(error)}`,
  );
  process.exitCode = 1;
}
