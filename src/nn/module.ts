/**
 * Modules: a network is a tree of them, its fields named as in the checkpoint, so that no table of names is needed. `forward` is written
 * on the engine's functions and calls its children by `call(child, x)`, which keeps the name of each node (`layer1.0.relu_1`).
 */
import { Tensor } from "../engine/tensor.ts";
import { OptionError } from "../errors.ts";
import { describeValue } from "../tensor/check-options.ts";
import type { Steps } from "../tensor/steps.ts";
import { Parameter } from "./parameter.ts";
import { enterInSteps, enterModule } from "./scope.ts";

/** Base of layers, blocks and networks: fields that are modules are its children, fields that are parameters its own. */
export abstract class Module {
  /** Whether the module is one node of the graph, named as the module; others give their nodes names below their own. */
  readonly leaf: boolean = false;

  abstract forward(...inputs: Tensor[]): Tensor;

  /** The same in steps, so that a trace can give others their turn. Deep modules have it, beside a forward that finishes it. */
  forwardInSteps?(x: Tensor): Steps<Tensor>;

  /** Direct children, by field name; a Sequential names its own by number. */
  children(): Map<string, Module> {
    return new Map(Object.entries(this).filter((entry): entry is [string, Module] => entry[1] instanceof Module));
  }

  /** The module's own parameters and buffers, by field name. */
  parameters(): Map<string, Parameter> {
    return new Map(Object.entries(this).filter((entry): entry is [string, Parameter] => entry[1] instanceof Parameter));
  }
}

/**
 * Runs a child's forward under the child's name. The one way to call a module. Throws OptionError for what is no module, and for a forward
 * that gives no tensor.
 */
export function call(child: Module, ...inputs: Tensor[]): Tensor {
  if (!(child instanceof Module)) throw new OptionError(`call: ${describeValue(child)} is no module`);
  return enterModule(child, () => {
    const output: unknown = child.forward(...inputs);
    if (output instanceof Tensor) return output;
    throw new OptionError(`${child.constructor.name}.forward gave ${describeValue(output)}; expected a tensor`);
  });
}

/** `call` in steps, where the child has any. */
export function* callInSteps(child: Module, x: Tensor): Steps<Tensor> {
  if (!child.forwardInSteps || !speaksOfSteps(child)) return call(child, x);
  return yield* enterInSteps(child, child.forwardInSteps(x));
}

/** Not where a class has a forward of its own and inherits the steps of another's. */
function speaksOfSteps(child: Module): boolean {
  let type: object = child;
  while (!Object.hasOwn(type, "forward")) type = Object.getPrototypeOf(type);
  return Object.hasOwn(type, "forwardInSteps");
}

/** All modules below and with `root`, by dotted path; the root's path is "". */
export function namedModules(root: Module): Map<string, Module> {
  const found = new Map<string, Module>();
  const visit = (module: Module, path: string): void => {
    found.set(path, module);
    for (const [name, child] of module.children()) visit(child, path === "" ? name : `${path}.${name}`);
  };
  visit(root, "");
  return found;
}

/** All parameters and buffers below `root`, by dotted path: torchvision's names, `layer1.0.downsample.1.running_var`. */
export function namedParameters(root: Module): Map<string, Parameter> {
  const found = new Map<string, Parameter>();
  for (const [path, module] of namedModules(root))
    for (const [name, parameter] of module.parameters()) found.set(path === "" ? name : `${path}.${name}`, parameter);
  return found;
}
