/**
 * Pickles written to do harm, and the containers of PyTorch around them. As text they are Latin-1: one character a byte. Each must be refused,
 * or be read as the harmless data that it is.
 */
import { joined } from "./mutate.ts";
import type { Random } from "./random.ts";

const bytes = (number: number | bigint, width: number) =>
  String.fromCharCode(...Array.from({ length: width }, (_, i) => Number((BigInt(number) >> BigInt(8 * i)) & 255n)));
const text = (value: string) => `X${bytes(value.length, 4)}${value}`;
const whole = (value: number | bigint) => `\x8a\x09${bytes(value, 9)}`;
const list = (values: readonly (number | bigint)[]) => `(${values.map(whole).join("")}t`;
const storage = (numel: number | bigint, key = "0") =>
  `(${text("storage")}ctorch\nFloatStorage\n${text(key)}${text("cpu")}${whole(numel)}`;

/** A tensor: shape and strides as they are claimed, of the storage "0". `view`: the legacy stream has one more part in its ids. */
const tensor = (
  numel: number | bigint,
  offset: number | bigint,
  shape: readonly (number | bigint)[],
  strides: readonly (number | bigint)[],
  view: string,
) =>
  `ctorch._utils\n_rebuild_tensor_v2\n(${storage(numel)}${view}tQ${whole(offset)}${list(shape)}${list(strides)}\x89ccollections\nOrderedDict\n)RtR`;

const runs: readonly [string, string][] = [
  ["os", "system"],
  ["posix", "system"],
  ["nt", "system"],
  ["builtins", "eval"],
  ["builtins", "exec"],
  ["__builtin__", "eval"],
  ["__builtin__", "__import__"],
  ["builtins", "getattr"],
  ["subprocess", "Popen"],
  ["torch.hub", "load"],
  ["torch", "load"],
  ["torch", "constructor"],
  ["torch._utils", "__proto__"],
  ["runpy", "_run_code"],
  ["child_process", "execSync"],
  ["webbrowser", "open"],
  ["numpy.testing._private.utils", "runstring"],
];

/** One kind of harm each; the size hangs on the random numbers. */
const kinds: readonly ((random: Random, view: string) => string)[] = [
  // Code to run, by GLOBAL and by STACK_GLOBAL, called at once or by BUILD.
  (random) => {
    const [module, name] = random.pick(runs);
    const named = random.below(2) === 0 ? `c${module}\n${name}\n` : `${text(module)}${text(name)}\x93`;
    return `${named}${text("touch /tmp/residual-fuzz-was-here")}\x85${random.pick(["R", "\x81", "Rb", "}\x92"])}`;
  },
  // Depth: lists, tuples, marks, dicts.
  (random) => {
    const depth = 10 ** (1 + random.below(6));
    return random.pick([
      `${"]".repeat(depth)}${"a".repeat(depth - 1)}`,
      `)${"\x85".repeat(depth)}`,
      `${"(".repeat(depth)}${"t".repeat(depth)}`,
      `${`}${text("k")}`.repeat(Math.min(depth, 20_000))}N${"s".repeat(Math.min(depth, 20_000))}`,
    ]);
  },
  // Objects without end from few bytes each.
  (random) => `(${random.pick(["}", "]", ")", "\x8f", "N", "2", "}2"]).repeat(10 ** (3 + random.below(4)))}t`,
  // Memo: every number, or the largest.
  (random) => `N${"\x94".repeat(10 ** (2 + random.below(5)))}r\xff\xff\xff\xff`,
  // Billion laughs, with texts, tensors or nothing at the end.
  (random, view) => {
    const leaf = random.pick([text("lol"), tensor(4, 0, [4], [1], view), "N", "K\x01"]);
    let laughs = `](${leaf.repeat(2)}eq\x00`;
    for (let level = 1; level < 3 + random.below(60); level++)
      laughs += `0](${`h${bytes(level - 1, 1)}`.repeat(10)}eq${bytes(level, 1)}`;
    return laughs;
  },
  // The same as dicts of long keys.
  (random, view) => {
    const key = "k".repeat(1 + random.below(5000));
    let laughs = `}${text("t")}${tensor(4, 0, [4], [1], view)}sq\x00`;
    for (let level = 1; level < 3 + random.below(40); level++)
      laughs += `0}(${Array.from({ length: 4 }, (_, i) => `${text(key + i)}h${bytes(level - 1, 1)}`).join("")}uq${bytes(level, 1)}`;
    return laughs;
  },
  // Within itself.
  (random) => random.pick(["]q\x00h\x00a", `}q\x00${text("k")}h\x00s`, "]q\x00(h\x00te", "]q\x00h\x00\x85a"]),
  // Doubled by calls.
  (random) => {
    const call = random.pick([
      "c__builtin__\nset\n",
      "c__builtin__\ntuple\n",
      "ccollections\ndeque\n",
      "cpathlib\nPosixPath\n",
    ]);
    return `(${"K\x01".repeat(20_000)}tq\x00(${`${call}h\x00\x85R`.repeat(1 + random.below(3000))}t`;
  },
  // Lengths that are not there.
  (random) => {
    const opcode = random.pick(["\x8d", "\x8e", "\x96", "\x95"]);
    return `${opcode}${bytes(random.pick([2n ** 20n, 2n ** 31n, 2n ** 40n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]), 8)}`;
  },
  (random) =>
    `${random.pick(["X", "T", "B", "\x8b"])}${bytes(random.pick([2n ** 20n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n]), 4)}`,
  // Tensors beyond their storages, expanded, of impossible shapes.
  (random, view) => {
    const numbers = [0, 1, 4, 2 ** 20, 2 ** 31, 2 ** 32, 2 ** 40, 2 ** 53, 2 ** 62, -1, -4];
    const some = () => Array.from({ length: random.pick([0, 1, 2, 3, 64, 65]) }, () => random.pick(numbers));
    const shape = some();
    return `}${text("t")}${tensor(random.pick([4, 4, 2 ** 40, -1]), random.pick(numbers), shape, random.below(2) === 0 ? shape.map(() => 0) : some(), view)}s`;
  },
  // Expanded from four numbers to as much as may be, many times.
  (random, view) => {
    const size = 2 ** (10 + random.below(20));
    const one = tensor(4, 0, [size], [0], view);
    return `](${one.repeat(1 + random.below(300))}e`;
  },
  (random) =>
    `(${`ctorch._tensor\n_rebuild_from_type_v2\n(${"ctorch._tensor\n_rebuild_from_type_v2\n".repeat(random.below(3))}))ttR`}t`,
  // Opcodes in any order.
  (random) => {
    const opcodes = [
      "(",
      ")",
      "}",
      "]",
      "t",
      "e",
      "a",
      "s",
      "u",
      "N",
      "0",
      "1",
      "2",
      "R",
      "\x81",
      "b",
      "Q",
      "q\x00",
      "h\x00",
      "K\x01",
      "\x85",
      "\x86",
      "\x94",
      "\x8f",
      "\x90",
      "\x91",
    ];
    const more = [
      text("a"),
      "ccollections\nOrderedDict\n",
      "ctorch._utils\n_rebuild_tensor_v2\n",
      "cnumpy\ndtype\n",
      "cnumpy.core.multiarray\n_reconstruct\n",
      "c_codecs\nencode\n",
    ];
    return Array.from({ length: 1 + random.below(200) }, () =>
      random.pick(random.below(4) === 0 ? more : opcodes),
    ).join("");
  },
];

/** A pickle of protocol 2, whole. */
function hostilePickle(random: Random, view = ""): string {
  return `\x80\x02${random.pick(kinds)(random, view)}.`;
}

export function hostileLegacy(random: Random): Uint8Array {
  const start = "\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.";
  return joined(start, hostilePickle(random, "N"), `\x80\x02]${text("0")}a.`, bytes(4, 8), new Uint8Array(16));
}

export function hostileTar(random: Random): Uint8Array {
  const address = whole(1000);
  const storages = `\x80\x02K\x01.\x80\x02${address}${text("cpu")}ctorch\nFloatStorage\n\x87.${bytes(4, 8)}${"\0".repeat(16)}\x80\x02].`;
  const huge = random.pick([1, 4, 2 ** 31, 2 ** 40, -1]);
  const tensors = `\x80\x02K\x01.\x80\x02${whole(2000)}${address}ctorch\nFloatTensor\n\x87.${bytes(1, 8)}${bytes(huge, 8)}${bytes(random.below(2), 8)}${bytes(0, 8)}`;
  const pickle = random.below(3) === 0 ? `\x80\x02}${text("w")}${whole(2000)}Qs.` : hostilePickle(random);
  const member = (name: string, content: string) => {
    const header = new Uint8Array(512);
    const put = (at: number, value: string) => header.set(joined(value), at);
    put(0, name);
    put(124, content.length.toString(8).padStart(11, "0"));
    put(156, "0");
    put(257, "ustar\x0000");
    put(148, "        ");
    put(
      148,
      `${header
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, "0")}\0 `,
    );
    return joined(header, content, new Uint8Array((512 - (content.length % 512)) % 512));
  };
  return joined(
    member("storages", storages),
    member("tensors", tensors),
    member("pickle", pickle),
    new Uint8Array(1024),
  );
}

/** Hostile pickles in a sound zip, and zips that are bombs, overlap, lead elsewhere or say what is not so. */
export function hostileZip(random: Random): Uint8Array {
  const entries: ZipParts[] = [
    { name: "a/data.pkl", content: joined(hostilePickle(random)) },
    { name: "a/data/0", content: new Uint8Array(16) },
  ];
  const [first, second] = entries as [ZipParts, ZipParts];
  switch (random.below(12)) {
    case 0: // a bomb: much from little
      entries.unshift({ ...first, method: 8, size: random.pick([2 ** 20, 2 ** 31, 2 ** 32 - 2]) });
      entries.splice(1, 1);
      break;
    case 1: // the same bytes under many names
      for (let i = 0; i < 2000; i++) entries.push({ ...second, name: `a/data/${i + 1}`, at: 0 });
      break;
    case 2:
      entries.push({
        name: random.pick(["../../etc/passwd", "/etc/passwd", "a\\..\\b", "C:/x", "", "a/data/0", "b/data.pkl"]),
        content: new Uint8Array(1),
      });
      break;
    case 3:
      second.size = random.pick([0, 15, 17, 2 ** 31, 2 ** 32 - 2]);
      break;
    case 4:
      second.at = random.pick([1, 30, 2 ** 31, 2 ** 32 - 2]);
      break;
    case 5:
      return zipOf(entries, random.pick([1, 3, 1000, 65534]));
  }
  return zipOf(entries);
}

interface ZipParts {
  name: string;
  content: Uint8Array;
  method?: number;
  /** What the directory says instead of the truth. */
  size?: number;
  at?: number;
}

function zipOf(entries: readonly ZipParts[], count = entries.length): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let length = 0;
  for (const { name, content, method = 0, size = content.length, at } of entries) {
    const common = `${bytes(20, 2)}${bytes(0, 2)}${bytes(method, 2)}${bytes(0, 8)}${bytes(method === 0 ? size : content.length, 4)}${bytes(size, 4)}${bytes(name.length, 2)}${bytes(0, 2)}`;
    const part = at === 0 ? new Uint8Array(0) : joined("PK\x03\x04", common, name, content);
    directory.push(joined("PK\x01\x02", bytes(20, 2), common, bytes(0, 10), bytes(at ?? length, 4), name));
    parts.push(part);
    length += part.length;
  }
  const central = joined(...directory);
  return joined(
    ...parts,
    central,
    "PK\x05\x06",
    bytes(0, 4),
    bytes(count, 2),
    bytes(count, 2),
    bytes(central.length, 4),
    bytes(length, 4),
    bytes(0, 2),
  );
}
