/**
 * Modules: a network is a tree of them, its fields named as in the checkpoint, so that no table of names is needed. `forward` is written
 * on the engine's functions and calls its children by `call(child, x)`, which keeps the name of each node (`layer1.0.relu_1`).
 */
import { Tensor } from "../engine/tensor.ts";
import { OptionError } from "../errors.ts";
import { describeValue } from "../tensor/check-options.ts";
import { Parameter } from "./parameter.ts";
import { enterModule } from "./scope.ts";

/** Base of layers, blocks and networks: fields that are modules are its children, fields that are parameters its own. */
export abstract class Module {
  /** Whether the module is one node of the graph, named as the module; others give their nodes names below their own. */
  readonly leaf: boolean = false;

  abstract forward(...inputs: Tensor[]): Tensor;

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
