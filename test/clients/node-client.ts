/**
 * The steps by the client from npm, as its README has them. Arguments: the folder where it is installed, the photos' folder. The server and the
 * key are in ALGORITHMIA_API and ALGORITHMIA_API_KEY. Prints a JSON line a step.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { examples, photos } from "./scenario.ts";

interface Reply {
  readonly result?: unknown;
  readonly error?: { readonly message: string };
  readonly metadata?: { readonly content_type: string; readonly duration: number };
  readonly status: number;
  get(): unknown;
}
type Callback = (reply: unknown, status?: number) => void;
interface File {
  readonly data_path: string;
  readonly size?: number;
  put(content: Uint8Array, callback: Callback): void;
  putString(content: string, callback: Callback): void;
  putJson(content: string, callback: Callback): void;
  get(callback: (error: unknown, data: unknown) => void): void;
  getString(callback: Callback): void;
  getJson(callback: Callback): void;
  exists(callback: (exists: boolean) => void): void;
  delete(callback: Callback): void;
}
interface Dir {
  create(callback: Callback): void;
  putFile(path: string, callback: Callback): void;
  file(name: string): File;
  exists(callback: (exists: boolean) => void): void;
  delete(force: boolean, callback: Callback): void;
  forEach(each: (error: unknown, item: { data_path: string }) => void): { then(done: () => void): void };
}
interface Client {
  algo(path: string): { pipe(input: unknown): { then(done: (reply: Reply) => void): void } };
  file(path: string): File;
  dir(path: string): Dir;
}

const [installed, folder] = process.argv.slice(2) as [string, string];
const algorithmia = createRequire(`${installed}/`)("algorithmia") as (key?: string, address?: string) => Client;
const client = algorithmia();
const name = "imageclassification/ResNetFeatureExtraction";

function say(step: string, result: unknown): void {
  console.log(JSON.stringify({ step, result }));
}

/** The first value that a callback is given. */
function called<T = unknown>(start: (callback: (value: T) => void) => void): Promise<T> {
  return new Promise((resolve) => start(resolve));
}

async function pipe(path: string, input: unknown): Promise<unknown> {
  const reply = await called<Reply>((done) => client.algo(path).pipe(input).then(done));
  if (reply.error) return { error: reply.error.message };
  if (typeof reply.metadata?.duration !== "number") throw new Error(`no duration in ${JSON.stringify(reply.metadata)}`);
  return reply.get();
}

const dir = client.dir("data://.my/training_data");
say("folder before", await called((done) => dir.exists(done)));
say("make folder", await called((done) => dir.create(done)));
say("folder after", await called((done) => dir.exists(done)));
for (const [i, photo] of photos.entries())
  say(
    `upload ${i + 1}`,
    await called((done) => dir.file(`image${i + 1}.jpg`).put(readFileSync(`${folder}/${photo}`), done)),
  );
say("example 1", await pipe(name, examples.first));
say("example 2", await pipe(name, examples.second));
for (const depth of [18, 34, 50, 101])
  say(`depth ${depth}`, await pipe(name, { image_path: [examples.second.image_path[2]], resnet_depth: depth }));
say("text", await pipe(`algo://${name}/1.0.0`, `${examples.second.image_path[0]}`));
say("bytes", await pipe(`/${name}/?timeout=60`, readFileSync(`${folder}/${photos[0]}`)));
say(
  "second ?",
  await pipe(`${name}?timeout=60?stdout=true`, { image_path: examples.second.image_path[0], resnet_depth: 18 }),
);
say("depth 19", await pipe(name, { image_path: "data://.my/training_data", resnet_depth: 19 }));
say("no folder", await pipe(name, { image_path: "data://.my/nowhere" }));
say("no algorithm", await pipe("imageclassification/Other", "data://.my/training_data"));
const names: string[] = [];
await called<void>((done) => dir.forEach((_, item) => void names.push(item.data_path)).then(done));
say("list", names);
const bytes = await called<Uint8Array>((done) =>
  dir.file("image1.jpg").get((error, data) => (error ? done(new Uint8Array()) : done(data as Uint8Array))),
);
say("get", Buffer.from(bytes).equals(readFileSync(`${folder}/${photos[0]}`)));
const results = client.file("data://.my/training_data/results.json");
say("put json", await called((done) => results.putJson(JSON.stringify({ depth: 50, images: [1, 2] }), done)));
say("get json", await called((done) => results.getJson(done)));
say("get string", await called((done) => results.getString(done)));
say("file exists", await called((done) => results.exists(done)));
say("delete file", await called((done) => results.delete(done)));
say("file is gone", await called((done) => results.exists(done)));
say("not empty", await called((done) => dir.delete(false, done)));
say("delete folder", await called((done) => dir.delete(true, done)));
say("folder is gone", await called((done) => dir.exists(done)));
