// The little of the peers' types that is used here. Written out because the peers are not installed where types are checked (they have a
// package.json of their own), and because their own types want more of the DOM than there is.

declare module "@tensorflow/tfjs-core" {
  export interface Tensor {
    readonly shape: number[];
    data(): Promise<Float32Array>;
    dispose(): void;
  }
  export type Padding = number | [[0, 0], [number, number], [number, number], [0, 0]];
  export const version_core: string;
  export function env(): { set(flag: string, value: boolean): void };
  export function setBackend(name: string): Promise<boolean>;
  export function ready(): Promise<void>;
  export function getBackend(): string;
  export function tensor(values: Float32Array, shape: readonly number[], dtype: "float32"): Tensor;
  export function tidy<T>(run: () => T): T;
  export function add(a: Tensor, b: Tensor): Tensor;
  export function relu(x: Tensor): Tensor;
  export function maxPool(x: Tensor, size: readonly number[], strides: readonly number[], padding: Padding): Tensor;
  export function mean(x: Tensor, axes: number[], keepDims: boolean): Tensor;
  export function reshape(x: Tensor, shape: readonly number[]): Tensor;
  export namespace fused {
    function conv2d(options: {
      x: Tensor;
      filter: Tensor;
      strides: readonly number[];
      pad: Padding;
      dilations: readonly number[];
      bias?: Tensor;
      activation: "relu" | "linear";
    }): Tensor;
    function matMul(options: { a: Tensor; b: Tensor; bias?: Tensor }): Tensor;
  }
}

declare module "@tensorflow/tfjs-backend-webgpu" {}

declare module "@tensorflow/tfjs-backend-wasm" {
  export function setThreadsCount(count: number): void;
  export function getThreadsCount(): number;
}

declare module "onnxruntime-common" {
  export class Tensor {
    constructor(type: "float32", data: Float32Array, dims: readonly number[]);
    readonly data: Float32Array;
    dispose(): void;
  }
  export interface Session {
    run(feeds: Record<string, Tensor>): Promise<Record<string, Tensor>>;
    release(): Promise<void>;
  }
  export interface SessionOptions {
    executionProviders: string[];
    graphOptimizationLevel: "all";
    executionMode?: "sequential";
    intraOpNumThreads?: number;
    interOpNumThreads?: number;
    extra?: { session: Record<string, string> };
  }
  /** What each of the packages exports. */
  export interface Onnxruntime {
    Tensor: typeof Tensor;
    InferenceSession: { create(model: Uint8Array, options: SessionOptions): Promise<Session> };
    env: { versions: { node?: string; web?: string; common: string }; wasm: { numThreads?: number } };
  }
}

declare module "onnxruntime-node" {
  import type { Onnxruntime } from "onnxruntime-common";
  export const Tensor: Onnxruntime["Tensor"];
  export const InferenceSession: Onnxruntime["InferenceSession"];
  export const env: Onnxruntime["env"];
}

declare module "onnxruntime-web" {
  export * from "onnxruntime-node";
}

declare module "onnxruntime-web/webgpu" {
  export * from "onnxruntime-node";
}
