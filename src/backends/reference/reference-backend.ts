/**
 * The oracle: walks the graph as it was traced, node by node and image by image, by the ops' plain TypeScript. No pass, no variant, no
 * packing, no plan: it shares no fault with the other backends. Slow on purpose.
 */
import { DeviceError, OptionError, ShapeError } from "../../errors.ts";
import { formatGraph, type Graph, type GraphNode, type OpNode, pruneGraph } from "../../graph/graph.ts";
import { opOf } from "../../kernels/table.ts";
import type { HostTensor } from "../../tensor/host-tensor.ts";
import { createPacer } from "../../tensor/pacer.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type {
  Backend,
  BackendCounters,
  DeviceInfo,
  PrepareOptions,
  Resident,
  RunOptions,
  Session,
} from "../backend.ts";
import { batchOf, checkMaxBatch, timesUnsupported } from "../session-inputs.ts";

/** Constants by their names in the graph, rounded to float32. */
class ReferenceResident implements Resident {
  readonly constants = new Map<string, HostTensor>();
  disposed = false;
  private readonly onDispose: (resident: ReferenceResident) => void;
  constructor(onDispose: (resident: ReferenceResident) => void) {
    this.onDispose = onDispose;
  }
  get bytes(): number {
    return [...this.constants.values()].reduce((sum, constant) => sum + constant.data.byteLength, 0);
  }
  dispose(): void {
    this.disposed = true;
    this.constants.clear();
    this.onDispose(this);
  }
}

export class ReferenceBackend implements Backend {
  readonly info: DeviceInfo = { device: "reference", description: "plain TypeScript" };
  private readonly residents = new Set<ReferenceResident>();
  /** Constants read so far. */
  private allocated = 0;

  createResident(): Resident {
    const resident = new ReferenceResident((disposed) => this.residents.delete(disposed));
    this.residents.add(resident);
    return resident;
  }

  async prepare(graph: Graph, resident: Resident, options: PrepareOptions): Promise<Session> {
    if (options.overrides && options.overrides.size > 0)
      throw new OptionError('kernel overrides: the device "reference" has no kernels to choose from');
    if (options.optimizeFor === "throughput")
      throw new OptionError('optimizeFor "throughput": the device "reference" has no kernels to choose from');
    if (!(resident instanceof ReferenceResident) || !this.residents.has(resident))
      throw new Error("the resident weights are another backend's, or disposed");
    const { maxBatch } = options;
    checkMaxBatch(maxBatch);
    const pruned = pruneGraph(graph);
    for (const node of pruned.nodes) {
      if (node.kind !== "constant" || resident.constants.has(node.name)) continue;
      options.signal?.throwIfAborted();
      const data = await node.constant.read();
      if (resident.disposed) throw disposedError("the model");
      this.allocated++;
      resident.constants.set(node.name, {
        ...{ shape: node.shape, dtype: "float32" },
        data: data instanceof Float32Array ? data : Float32Array.from(data),
      });
    }
    return new ReferenceSession(pruned, resident, maxBatch);
  }

  counters(): BackendCounters {
    const constants = [...this.residents].flatMap((resident) => [...resident.constants.values()]);
    return {
      ...{ compiled: 0, allocated: this.allocated, liveBuffers: constants.length },
      liveBytes: constants.reduce((sum, constant) => sum + constant.data.byteLength, 0),
    };
  }

  dispose(): void {
    for (const resident of [...this.residents]) resident.dispose();
  }
}

class ReferenceSession implements Session {
  readonly bytes = 0;
  private readonly graph: Graph;
  private readonly resident: ReferenceResident;
  private readonly maxBatch: number;
  private disposed = false;

  constructor(graph: Graph, resident: ReferenceResident, maxBatch: number) {
    this.graph = graph;
    this.resident = resident;
    this.maxBatch = maxBatch;
  }

  get plan(): string {
    return formatGraph(this.graph);
  }

  async run(inputs: ReadonlyMap<string, HostTensor>, options: RunOptions = {}): Promise<Map<string, HostTensor>> {
    if (options.onTimes) throw timesUnsupported("reference");
    const ports = this.graph.nodes.filter((node) => node.kind === "input");
    const batch = batchOf(ports, inputs, this.maxBatch);
    const abortable = createPacer(options.signal);
    const pace = async () => {
      await abortable();
      if (this.disposed || this.resident.disposed) throw disposedError("the session");
    };
    const images: Map<string, HostTensor>[] = [];
    for (let image = 0; image < (batch ?? 1); image++) images.push(await this.runOne(inputs, image, pace));
    return new Map(this.graph.outputs.map(({ name, node }) => [name, this.join(name, node, images)]));
  }

  /** All nodes for one image of the batch; values are let go of after their last use. */
  private async runOne(
    inputs: ReadonlyMap<string, HostTensor>,
    image: number,
    pace: () => Promise<void>,
  ): Promise<Map<string, HostTensor>> {
    const values = new Map<number, HostTensor>();
    const remaining = new Map<number, number>();
    for (const node of this.graph.nodes)
      for (const id of operandIds(node)) remaining.set(id, (remaining.get(id) ?? 0) + 1);
    for (const output of this.graph.outputs) remaining.set(output.node, Number.POSITIVE_INFINITY);
    for (const node of this.graph.nodes) {
      await pace();
      values.set(node.id, this.value(node, values, inputs, image));
      for (const id of operandIds(node)) {
        remaining.set(id, remaining.get(id)! - 1);
        if (remaining.get(id) === 0) values.delete(id);
      }
    }
    return new Map(this.graph.outputs.map(({ name, node }) => [name, values.get(node)!]));
  }

  private value(
    node: GraphNode,
    values: ReadonlyMap<number, HostTensor>,
    inputs: ReadonlyMap<string, HostTensor>,
    image: number,
  ): HostTensor {
    if (node.kind === "constant") return this.resident.constants.get(node.name)!;
    if (node.kind === "op") return evaluate(node, values);
    const given = inputs.get(node.name)!;
    if (!node.batched) return given;
    const size = sizeOf(node.shape);
    return { shape: node.shape, dtype: "float32", data: given.data.subarray(image * size, (image + 1) * size) };
  }

  private join(name: string, id: number, images: readonly Map<string, HostTensor>[]): HostTensor {
    const node = this.graph.nodes.find((candidate) => candidate.id === id)!;
    if (!node.batched) return images[0]!.get(name)!;
    const size = sizeOf(node.shape);
    const data = new Float32Array(size * images.length);
    images.forEach((image, i) => {
      data.set(image.get(name)!.data, i * size);
    });
    return { shape: [images.length, ...node.shape.slice(1)], dtype: "float32", data };
  }

  dispose(): void {
    this.disposed = true;
  }
}

function disposedError(what: string): DeviceError {
  return new DeviceError(`device "reference": ${what} was disposed`);
}

function operandIds(node: GraphNode): readonly number[] {
  return node.kind === "op" ? node.inputs : [];
}

function evaluate(node: OpNode, values: ReadonlyMap<number, HostTensor>): HostTensor {
  const operands = node.inputs.map((id) => values.get(id)!);
  const result = opOf(node.op).reference(node.attrs, operands);
  if (sizeOf(result.shape) !== sizeOf(node.shape))
    throw new ShapeError(
      `${node.name}: the reference of ${node.op} gave ${result.shape}, the graph says ${node.shape}`,
    );
  return result;
}
