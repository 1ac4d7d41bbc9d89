/**
 * Weights in several files with an index, as Hugging Face's libraries write them: `model.safetensors.index.json` (or that of a .bin) says in
 * `weight_map` which file holds which tensor. All shards lie in the index's folder; they are opened at once and read when asked.
 */
import { WeightError } from "../errors.ts";
import type { ByteSource } from "../platform/sources.ts";
import { type JsonValue, parseStrictJson } from "./strict-json.ts";
import type { StoredTensor, WeightFile } from "./weight-file.ts";
import { type Breach, decodeUtf8, quoted } from "./weight-source.ts";

/** Far more than any index of tensors that a ResNet's are. */
const mostIndexBytes = 2 ** 21;
const mostShards = 1000;

/** Whether a file's start looks like an index: JSON that maps weights, by its first bytes or by its name. */
export function looksLikeIndex(head: string, name: string): boolean {
  return /^\s*\{/.test(head) && (/"weight_map"\s*:/.test(head) || name.endsWith(".index.json"));
}

/**
 * Opens an index and its shards, each by `openShard`. Throws WeightError: an index that is none, a shard that is not there, is left out of
 * the index by its number, or does not hold exactly the tensors that the index says it holds.
 */
export async function openSharded(
  index: ByteSource,
  openShard: (source: ByteSource) => Promise<WeightFile>,
): Promise<WeightFile> {
  const breach: Breach = (what) => new WeightError("weights-format", `${index.name}: ${what}`);
  const shards: WeightFile[] = [];
  const closeAll = async (): Promise<void> => {
    await Promise.all([...shards, index].map((one) => one.close()));
  };
  try {
    const { weightMap, metadata } = await readIndex(index, breach);
    if (!index.beside)
      throw breach(
        "is an index of several files beside it, and has no folder here; give its path, or the files themselves",
      );
    const byShard = Map.groupBy(weightMap, ([, shard]) => shard);
    checkShardNames([...byShard.keys()], breach);
    const tensors = new Map<string, StoredTensor>();
    for (const [name, listed] of byShard) {
      const shard = await openShard(await besideIndex(index, name, listed.length, breach));
      shards.push(shard);
      for (const [tensor] of listed) {
        const found = shard.tensors.get(tensor);
        if (!found) throw breach(`says that ${quoted(tensor)} is in ${quoted(name)}, and it is not there`);
        tensors.set(tensor, found);
      }
      for (const tensor of shard.tensors.keys()) {
        const place = weightMap.get(tensor);
        if (place === undefined) throw breach(`does not name ${quoted(tensor)}, which is in ${quoted(name)}`);
        if (place !== name)
          throw breach(`says that ${quoted(tensor)} is in ${quoted(place)}, and ${quoted(name)} has it too`);
      }
      for (const [key, text] of shard.metadata) if (!metadata.has(key)) metadata.set(key, text);
    }
    const parts = shards.flatMap((shard) => [shard.source, ...(shard.parts ?? [])]);
    return { source: index.name, tensors, metadata, parts, close: closeAll };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function besideIndex(index: ByteSource, shard: string, tensors: number, breach: Breach): Promise<ByteSource> {
  try {
    return await index.beside!(shard);
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw Object.assign(breach(`its shard ${quoted(shard)} with ${tensors} tensors cannot be had: ${what}`), {
      cause: error,
    });
  }
}

async function readIndex(
  index: ByteSource,
  breach: Breach,
): Promise<{ weightMap: Map<string, string>; metadata: Map<string, string> }> {
  if (index.size > mostIndexBytes) throw breach(`an index of ${index.size} bytes; at most ${mostIndexBytes} are read`);
  const text = decodeUtf8(await index.read(0, index.size), `${index.name}: its index is not valid UTF-8`);
  const json = parseStrictJson(text, (what) => breach(`its index: ${what}`));
  const map = json instanceof Map ? json.get("weight_map") : undefined;
  if (!(map instanceof Map) || map.size === 0)
    throw breach('an index of shards has a "weight_map", an object of files by the tensors\' names');
  const weightMap = new Map<string, string>();
  for (const [tensor, shard] of map) {
    if (typeof shard !== "string") throw breach(`weight_map: ${quoted(tensor)} must be the name of a file`);
    weightMap.set(tensor, shard);
  }
  const metadata = json instanceof Map ? json.get("metadata") : undefined;
  return { weightMap, metadata: new Map([...stringsOf(metadata)]) };
}

function* stringsOf(metadata: JsonValue | undefined): Generator<[string, string]> {
  if (!(metadata instanceof Map)) return;
  for (const [key, value] of metadata) if (typeof value === "string") yield [key, value];
}

/** `model-00001-of-00003.safetensors`: where shards are numbered, all numbers must be there, of one count. */
function checkShardNames(names: readonly string[], breach: Breach): void {
  if (names.length > mostShards) throw breach(`names ${names.length} shards; at most ${mostShards} are opened`);
  const numbered = names.map((name) => /-(\d{1,6})-of-(\d{1,6})\.\w+$/.exec(name));
  const count = Number(numbered[0]?.[2]);
  if (!numbered.every((match) => match !== null)) return;
  const other = numbered.findIndex((match) => Number(match?.[2]) !== count);
  if (other >= 0) throw breach(`names shards of two sets: ${quoted(names[0]!)} and ${quoted(names[other]!)}`);
  const numbers = new Set(numbered.map((match) => Number(match?.[1])));
  if (numbers.size === count && Math.max(...numbers) === count) return;
  let missing = 1;
  while (numbers.has(missing)) missing++;
  throw breach(
    missing <= count
      ? `has no tensor of shard ${missing} of ${count}: the index is of another set of files`
      : `names shard ${Math.max(...numbers)} of ${count}`,
  );
}
