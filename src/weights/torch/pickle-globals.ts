/**
 * The allow-list: every name that a pickle may mention, and what it becomes. These are what ordinary checkpoints have (state dicts,
 * optimizers, schedulers) and is pure data; nothing is imported and nothing is called but the functions below.
 * The names: torch/_weights_only_unpickler.py; torch/_utils.py; numpy's and the standard library's __reduce__.
 */
import { bytesOfArray, numpyArray, numpyDtype, numpyScalar } from "./pickle-numpy.ts";
import { Global, Opaque, Tensor, Tuple, type Value } from "./pickle-values.ts";
import { rebuildFromType, rebuildParameter, rebuildTensor, rebuildTensorV3, refuse } from "./rebuild-tensor.ts";
import { dtypeOfClass, torchDtype, uint8 } from "./torch-dtypes.ts";

type Make = NonNullable<Global["make"]>;

/** Modules of Python 2, by which protocols up to 2 call them, and of older or newer versions. */
const modules: ReadonlyMap<string, string> = new Map([
  ["__builtin__", "builtins"],
  ["torch.tensor", "torch._tensor"],
  ["numpy._core.multiarray", "numpy.core.multiarray"],
  ["numpy._core.numeric", "numpy.core.numeric"],
  ["pathlib._local", "pathlib"],
  ["torch.autograd.variable", "torch.autograd"],
]);

const opaque =
  (what: string): Make =>
  () =>
    new Opaque(what);

const makers: Record<string, Make | undefined> = {
  "collections.OrderedDict": dict,
  "collections.Counter": dict,
  "collections.defaultdict": () => new Map(), // its argument is the default's class, never used
  "collections.deque": ([items]) => list(items),
  "builtins.dict": dict,
  "builtins.list": ([items]) => list(items),
  "builtins.tuple": ([items]) => new Tuple(list(items)),
  "builtins.set": ([items]) => new Set(list(items)),
  "builtins.frozenset": ([items]) => new Set(list(items)),
  "builtins.bytearray": ([bytes = new Uint8Array()], breach) => {
    if (bytes instanceof Uint8Array) return bytes;
    throw breach("a bytearray is made of no bytes");
  },
  "builtins.bytes": () => new Uint8Array(),
  "builtins.complex": opaque("a complex number"),
  "builtins.slice": opaque("a slice"),
  "builtins.range": opaque("a range"),
  // Only named: what a defaultdict makes.
  "builtins.int": undefined,
  "builtins.float": undefined,
  "builtins.str": undefined,
  "builtins.bool": undefined,
  "_codecs.encode": ([text, encoding], breach) => {
    if (typeof text === "string" && (encoding === "latin1" || encoding === "latin-1")) return latin1(text, breach);
    throw breach("_codecs.encode is called with something else than a text and latin1, by which pickles hold bytes");
  },
  // The options of a training script, beside its state dict (torchvision's references save them).
  "argparse.Namespace": opaque("a namespace"),
  "types.SimpleNamespace": opaque("a namespace"),
  "pathlib.PosixPath": path,
  "pathlib.PurePosixPath": path,
  "pathlib.WindowsPath": path,
  "pathlib.PureWindowsPath": path,

  "torch.Size": ([sizes]) => new Tuple(list(sizes)),
  "torch.device": opaque("a device"),
  "torch.serialization._get_layout": opaque("a layout"),
  "torch.torch_version.TorchVersion": ([version]) => (typeof version === "string" ? version : null),
  "torch._utils._rebuild_tensor": rebuildTensor,
  "torch._utils._rebuild_tensor_v2": rebuildTensor,
  "torch._utils._rebuild_tensor_v3": rebuildTensorV3,
  "torch._utils._rebuild_parameter": rebuildParameter,
  "torch._utils._rebuild_parameter_with_state": rebuildParameter,
  "torch._tensor._rebuild_from_type": rebuildFromType,
  "torch._tensor._rebuild_from_type_v2": rebuildFromType,
  "torch.nn.parameter.Parameter": rebuildParameter,
  "torch.nn.parameter.Buffer": rebuildParameter,
  "torch.autograd.Variable": rebuildParameter,
  "torch.Tensor": () => new Tensor(),
  "torch._utils._rebuild_sparse_tensor": refuse("is sparse: save tensor.to_dense()"),
  "torch._utils._rebuild_qtensor": refuse("is quantized: save tensor.dequantize()"),
  "torch._utils._rebuild_nested_tensor": refuse("is a nested tensor: save its parts one by one"),
  "torch._utils._rebuild_meta_tensor_no_storage": refuse("is on the meta device: it has no numbers"),

  "numpy.core.multiarray.scalar": numpyScalar,
  "numpy.core.multiarray._reconstruct": opaqueArray,
  "numpy.core.numeric._frombuffer": ([buffer, dtype, shape, order], breach) =>
    numpyArray(dtype, shape, order === "F", bytesOfArray(buffer), breach),
  "numpy.dtype": numpyDtype,
  "numpy.ndarray": undefined,
};

// A Map: `constructor` is no name on it.
const known = new Map<string, Global>(Object.entries(makers).map(([name, make]) => [name, new Global(name, make)]));
for (const scheme of ["per_tensor_affine", "per_tensor_symmetric", "per_channel_affine", "per_channel_symmetric"])
  known.set(`torch.${scheme}`, new Global(`torch.${scheme}`));
known.set("torch.per_channel_affine_float_qparams", new Global("torch.per_channel_affine_float_qparams"));

/** What stands for `module.name`; undefined where it is not on the list. */
export function findGlobal(module: string, name: string): Global | undefined {
  const full = `${modules.get(module) ?? module}.${name}`;
  const found = known.get(full);
  if (found) return found;
  if (/^torch\.(cuda\.)?\w+$/.test(full)) {
    const storage = dtypeOfClass(name, "Storage");
    if (storage) return new Global(full, undefined, storage);
    const tensor = dtypeOfClass(name, "Tensor");
    if (tensor) return new Global(full, () => new Tensor());
    const dtype = module === "torch" ? torchDtype(name) : undefined;
    if (dtype) return new Global(full, undefined, dtype);
  }
  if (module === "torch.storage" && /^_?UntypedStorage$/.test(name)) return new Global(full, undefined, uint8);
  return undefined;
}

/** The way out for a name that is not on the list. */
export function refusedGlobal(module: string, name: string): string {
  const full = `${modules.get(module) ?? module}.${name}`;
  return (
    `its pickle names ${JSON.stringify(full.length > 120 ? `${full.slice(0, 120)}…` : full)}, which is neither a tensor nor plain data, ` +
    "and nothing that a file names is run here; save the state dict alone, in Python, and name that file: " +
    "torch.save(model.state_dict(), FILE)"
  );
}

function list(items: Value | undefined): Value[] {
  if (Array.isArray(items)) return items;
  if (items instanceof Tuple) return [...items.items];
  return items instanceof Set ? [...items] : [];
}

/** Python 2 wrote an OrderedDict as a call with a list of pairs; Counter is a call with a dict. */
function dict(args: readonly Value[], breach: Parameters<Make>[1]): Map<Value, Value> {
  const [from] = args;
  if (from instanceof Map) return from;
  return new Map(
    list(from).map((pair) => {
      const [key, value] = list(pair);
      if (key === undefined || value === undefined) throw breach("a dict is made of something else than pairs");
      return [key, value];
    }),
  );
}

function path(parts: readonly Value[]): string {
  return parts.filter((part) => typeof part === "string").join("/");
}

function latin1(text: string, breach: Parameters<Make>[1]): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 255) throw breach("bytes stand in it as text with characters beyond latin1");
    bytes[i] = code;
  }
  return bytes;
}

/** numpy's way to make an array: an empty one, which BUILD fills. */
function opaqueArray(): Tensor {
  return new Tensor();
}
