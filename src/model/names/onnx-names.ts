/**
 * torchvision's names for the weights of an ONNX model, found by walking its graph from the picture to the logits: exporters that fold batch
 * norms invent names (`onnx::Conv_497`), and share equal tensors. The walk checks strides, pads and epsilons as well, so a graph of
 * another network is told apart here, and the error says where it differs.
 */
import { WeightError } from "../../errors.ts";
import type { Constant } from "../../tensor/host-tensor.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { OnnxFile } from "../../weights/onnx/onnx.ts";
import type { OnnxNode } from "../../weights/onnx/onnx-messages.ts";
import { quoted } from "../../weights/weight-source.ts";
import { OnnxValues } from "./onnx-values.ts";

/** A convolution with the batch norm that follows it, where one does. */
interface ConvNorm {
  readonly conv: OnnxNode;
  readonly norm: OnnxNode | undefined;
}

interface Geometry {
  readonly kernel: number;
  readonly stride: number;
}

/** More than ResNet-152's 50: a graph may be a circle. */
const mostBlocks = 500;

/** The weights by torchvision's names. Throws WeightError ("weights-mismatch") for a graph that is no ResNet, with the place. */
export async function networkOfGraph(file: OnnxFile): Promise<Map<string, Constant>> {
  return new ResNetWalk(file).run();
}

class ResNetWalk {
  readonly #file: OnnxFile;
  readonly #values: OnnxValues;
  readonly #tensors = new Map<string, Constant>();

  constructor(file: OnnxFile) {
    this.#file = file;
    this.#values = new OnnxValues(file.graph, (what) => this.#mismatch(what));
  }

  async run(): Promise<Map<string, Constant>> {
    const { inputs } = this.#file.graph;
    const [input] = inputs;
    if (input === undefined || inputs.length !== 1)
      throw this.#mismatch(
        `takes ${inputs.length} inputs (${inputs.slice(0, 3).map(quoted).join(", ")}); a ResNet takes one, the picture`,
      );
    const stem = this.#convNorm(this.#sole(input, "the picture", ["Conv"]));
    await this.#take(stem, "conv1", "bn1", { kernel: 7, stride: 2 });
    const relu = this.#sole(outputOf(stem.norm ?? stem.conv), "conv1", ["Relu"]);
    const pool = this.#sole(outputOf(relu), "conv1's Relu", ["MaxPool"]);
    this.#checkWindow(pool, "maxpool", { kernel: 3, stride: 2 }, 1);
    if (intOf(pool, "ceil_mode", 0) !== 0)
      throw this.#mismatch("maxpool rounds up (ceil_mode 1), which torchvision's does not");
    const end = await this.#blocks(outputOf(pool));
    await this.#head(end);
    return this.#tensors;
  }

  /** All residual blocks; gives the value behind the last. A block with a convolution in its shortcut begins a stage, as the first does. */
  async #blocks(from: string): Promise<string> {
    let value = from;
    let stage = 0;
    let block = 0;
    let depth: number | undefined;
    for (let count = 0; ; count++) {
      if (count > mostBlocks) throw this.#mismatch(`has more than ${mostBlocks} blocks, or runs in a circle`);
      const starts = this.#values.consumers(value);
      if (!starts.some(({ op }) => op === "Add") && starts.filter(({ op }) => op === "Conv").length < 2) break;
      const where = `the block after ${stage === 0 ? "maxpool" : `layer${stage}.${block - 1}`}`;
      const paths = starts.filter(({ op }) => op === "Conv").map((conv) => this.#path(conv, where));
      const main = paths.find(({ convs }) => convs.length > 1);
      const shortcut = paths.find((path) => path !== main);
      const adds = new Set([...paths.map(({ add }) => add), ...starts.filter(({ op }) => op === "Add")]);
      if (!main || starts.length !== 2 || adds.size !== 1 || (shortcut && shortcut.convs.length !== 1))
        throw this.#mismatch(
          `${where} branches into ${starts.map(({ op }) => op).join(", ")}; expected two or three convolutions and a shortcut that meet in one Add`,
        );
      depth ??= main.convs.length;
      if (main.convs.length !== depth || depth > 3)
        throw this.#mismatch(
          `${where} has ${main.convs.length} convolutions; ${depth > 3 ? "2 or 3" : depth} expected`,
        );
      if (stage === 0 || shortcut) {
        stage++;
        block = 0;
      }
      const name = `layer${stage}.${block}`;
      const stride = stage > 1 && block === 0 ? 2 : 1;
      for (const [i, pair] of main.convs.entries()) {
        const kernel = depth === 3 && i !== 1 ? 1 : 3;
        const strided = i === (depth === 3 ? 1 : 0);
        await this.#take(pair, `${name}.conv${i + 1}`, `${name}.bn${i + 1}`, { kernel, stride: strided ? stride : 1 });
      }
      if (shortcut)
        await this.#take(shortcut.convs[0]!, `${name}.downsample.0`, `${name}.downsample.1`, { kernel: 1, stride });
      value = outputOf(this.#sole(outputOf(main.add), `${name}'s Add`, ["Relu"]));
      block++;
    }
    if (stage !== 4) throw this.#mismatch(`has ${stage} stages of residual blocks; a ResNet has 4`);
    return value;
  }

  /** From a convolution along Relus to the Add where the block ends. */
  #path(first: OnnxNode, where: string): { readonly convs: readonly ConvNorm[]; readonly add: OnnxNode } {
    const convs = [this.#convNorm(first)];
    for (;;) {
      const { conv, norm } = convs.at(-1)!;
      const next = this.#sole(outputOf(norm ?? conv), `a convolution of ${where}`, ["Relu", "Add"]);
      if (next.op === "Add") return { convs, add: next };
      if (convs.length === 3) throw this.#mismatch(`${where} has more than 3 convolutions in a row`);
      convs.push(this.#convNorm(this.#sole(outputOf(next), `a Relu of ${where}`, ["Conv"])));
    }
  }

  #convNorm(conv: OnnxNode): ConvNorm {
    const [next, ...others] = this.#values.consumers(outputOf(conv));
    return { conv, norm: others.length === 0 && next?.op === "BatchNormalization" ? next : undefined };
  }

  async #take({ conv, norm }: ConvNorm, convName: string, normName: string, geometry: Geometry): Promise<void> {
    this.#checkWindow(conv, convName, geometry, (geometry.kernel - 1) / 2);
    const weight = this.#values.constant(conv.inputs[1], `${convName}.weight`);
    this.#tensors.set(`${convName}.weight`, weight);
    const bias = await this.#values.biasOf(conv.inputs[2], `${convName}.bias`);
    if (bias) this.#tensors.set(`${convName}.bias`, bias);
    else if (!norm) this.#tensors.set(`${convName}.bias`, zeros(weight.shape[0] ?? 0));
    if (!norm) return;
    const epsilon = norm.attributes.get("epsilon")?.float ?? 1e-5;
    if (Math.abs(epsilon - 1e-5) > 1e-9)
      throw this.#mismatch(`${normName} has an epsilon of ${epsilon.toPrecision(3)}; a ResNet's is 1e-5`);
    for (const [i, what] of ["weight", "bias", "running_mean", "running_var"].entries())
      this.#tensors.set(`${normName}.${what}`, this.#values.constant(norm.inputs[i + 1], `${normName}.${what}`));
  }

  /** From the last block to the end: pooling, and the classifier where there is one. */
  async #head(from: string): Promise<void> {
    let value = from;
    let where = "layer4";
    const atEnd = () => this.#values.consumers(value).length === 0;
    const passing = ["GlobalAveragePool", "ReduceMean", "AveragePool", "Flatten", "Reshape", "Squeeze"];
    while (!atEnd()) {
      const node = this.#sole(value, where, [...passing, "Gemm", "MatMul"]);
      if (!passing.includes(node.op)) {
        value = await this.#classifier(node);
        break;
      }
      where = node.op;
      value = outputOf(node);
    }
    if (atEnd()) return;
    // classify takes the softmax of the logits itself.
    value = outputOf(this.#sole(value, "fc", ["Softmax", "LogSoftmax"]));
    if (!atEnd()) this.#sole(value, "softmax", []);
  }

  async #classifier(node: OnnxNode): Promise<string> {
    if (node.op === "MatMul") {
      this.#tensors.set("fc.weight", this.#values.transposed(node.inputs[1], "fc.weight"));
      const add = this.#sole(outputOf(node), "fc", ["Add"]);
      const bias = add.inputs.find((input) => this.#values.isConstant(input));
      this.#tensors.set("fc.bias", this.#values.constant(bias, "fc.bias"));
      return outputOf(add);
    }
    for (const factor of ["alpha", "beta"]) {
      const value = node.attributes.get(factor)?.float ?? 1;
      if (value !== 1) throw this.#mismatch(`fc has a factor ${factor} of ${value}; 1 expected`);
    }
    const isTransposed = intOf(node, "transB", 0) === 1;
    const weight = isTransposed
      ? this.#values.constant(node.inputs[1], "fc.weight")
      : this.#values.transposed(node.inputs[1], "fc.weight");
    this.#tensors.set("fc.weight", weight);
    const bias = await this.#values.biasOf(node.inputs[2], "fc.bias");
    this.#tensors.set("fc.bias", bias ?? zeros(weight.shape[0] ?? 0));
    return outputOf(node);
  }

  #checkWindow(node: OnnxNode, name: string, { kernel, stride }: Geometry, padding: number): void {
    const auto = node.attributes.get("auto_pad")?.text ?? "";
    if (auto !== "" && auto !== "NOTSET")
      throw this.#mismatch(`${name} pads by the rule ${auto}; ${padding} on each side expected`);
    const shape =
      node.op === "Conv" ? this.#values.constant(node.inputs[1], `${name}.weight`).shape.slice(2) : undefined;
    const check = (what: string, found: readonly number[], wanted: number): void => {
      if (found.every((number) => number === wanted)) return;
      const v1 =
        what === "a stride" && /layer[2-4]\.0\.conv[12]$/.test(name) ? " (a ResNet v1? here the 3×3 has it, v1.5)" : "";
      throw this.#mismatch(`${name} has ${what} of ${formatShape(found)}; ${wanted} expected${v1}`);
    };
    check("a kernel", shape ?? intsOf(node, "kernel_shape", [1]), kernel);
    check("a stride", intsOf(node, "strides", [1, 1]), stride);
    check("a padding", intsOf(node, "pads", [0, 0, 0, 0]), padding);
    check("a dilation", intsOf(node, "dilations", [1, 1]), 1);
  }

  /** The one node that uses a value. */
  #sole(value: string, where: string, ops: readonly string[]): OnnxNode {
    const found = this.#values.consumers(value);
    const [only] = found;
    if (only && found.length === 1 && ops.includes(only.op) && only.domain === "") return only;
    const seen =
      found.length === 0 ? "its end" : found.map(({ op, domain }) => (domain ? `${domain}.${op}` : op)).join(", ");
    throw this.#mismatch(`after ${where} comes ${seen}, expected ${ops.length === 0 ? "the end" : ops.join(" or ")}`);
  }

  #mismatch(what: string): WeightError {
    return new WeightError(
      "weights-mismatch",
      `${this.#file.source}: its graph is no ResNet of torchvision's: ${what}`,
    );
  }
}

function outputOf(node: OnnxNode): string {
  return node.outputs[0] ?? "";
}

function intOf(node: OnnxNode, name: string, unless: number): number {
  return node.attributes.get(name)?.int ?? unless;
}

function intsOf(node: OnnxNode, name: string, unless: readonly number[]): readonly number[] {
  return node.attributes.get(name)?.ints ?? unless;
}

function zeros(length: number): Constant {
  return { shape: [length], dtype: "float32", fresh: true, read: async () => new Float32Array(length) };
}
