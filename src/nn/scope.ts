/** The name scope of a trace: which module is running, and what the nodes made in it are called (as torch.fx and torchvision name them). */
import { withNamer } from "../engine/names.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { OpName } from "../graph/infer-shape.ts";

/** What the scope needs of a module. */
interface Named {
  readonly leaf: boolean;
}

/** Follows one trace. */
export interface ModuleTrace {
  /** Dotted paths of the modules. */
  readonly paths: ReadonlyMap<Named, string>;
  /** Called when a module that is no leaf returns. */
  readonly returned: (path: string, value: Tensor) => void;
}

let active: ModuleTrace | undefined;

/** Runs `body` as a trace: every module entered in it names its nodes. */
export function traceModules(trace: ModuleTrace, body: () => Tensor): Tensor {
  const before = active;
  active = trace;
  try {
    return body();
  } finally {
    active = before;
  }
}

/** Runs a module's forward under its name; outside of a trace, just runs it. */
export function enterModule(module: Named, body: () => Tensor): Tensor {
  const trace = active;
  if (!trace) return body();
  const path = trace.paths.get(module);
  if (path === undefined)
    throw new Error("call(child): the module is no field of the network that is being traced, so it has no name");
  const name = (op: OpName) => (module.leaf ? path : path === "" ? op : `${path}.${op}`);
  const value = withNamer(name, body);
  if (!module.leaf && path !== "") trace.returned(path, value);
  return value;
}
