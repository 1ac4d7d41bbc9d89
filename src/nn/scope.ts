/** The name scope of a trace: which module is running, and what the nodes made in it are called (as torch.fx and torchvision name them). */
import { withNamer } from "../engine/names.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { OpName } from "../graph/infer-shape.ts";
import type { Steps } from "../tensor/steps.ts";

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
export function traceModules<T>(trace: ModuleTrace, body: () => T): T {
  const before = active;
  active = trace;
  try {
    return body();
  } finally {
    active = before;
  }
}

/** traceModules for a body in steps. */
export function* traceInSteps(trace: ModuleTrace, body: Steps<Tensor>): Steps<Tensor> {
  for (;;) {
    const { done, value } = traceModules(trace, () => body.next());
    if (done) return value;
    yield;
  }
}

/** Runs a module's forward under its name; outside of a trace, just runs it. */
export function enterModule(module: Named, body: () => Tensor): Tensor {
  if (!active) return body();
  const { namer, returned } = namesOf(module, active);
  return returned(withNamer(namer, body));
}

/** enterModule for a forward in steps. */
export function* enterInSteps(module: Named, body: Steps<Tensor>): Steps<Tensor> {
  if (!active) return yield* body;
  const { namer, returned } = namesOf(module, active);
  for (;;) {
    const { done, value } = withNamer(namer, () => body.next());
    if (done) return returned(value);
    yield;
  }
}

/** How a module names its nodes in a trace, and whom it tells what it returns. */
function namesOf(module: Named, trace: ModuleTrace) {
  const path = trace.paths.get(module);
  if (path === undefined)
    throw new Error("call(child): the module is no field of the network that is being traced, so it has no name");
  return {
    namer: (op: OpName) => (module.leaf ? path : path === "" ? op : `${path}.${op}`),
    returned: (value: Tensor): Tensor => {
      if (!module.leaf && path !== "") trace.returned(path, value);
      return value;
    },
  };
}
