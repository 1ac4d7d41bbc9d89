/** The kinds of layers that the standard ResNets have, with how many of each an image passes in resnet 18, 34, 50, 101 and 152. */
import type { Conv2dProblem } from "../../src/kernels/conv2d/conv2d.problem.ts";

export const depths = [18, 34, 50, 101, 152] as const;

export interface Layer {
  readonly name: string;
  readonly problem: Conv2dProblem;
  /** In the order of `depths`. */
  readonly counts: readonly [number, number, number, number, number];
}

interface Spec {
  readonly size: number;
  readonly channels: number;
  readonly out: number;
  readonly kernel?: number;
  readonly stride?: number;
  readonly groups?: number;
  readonly residual?: boolean;
}

function layer(name: string, spec: Spec, counts: Layer["counts"] = [0, 0, 0, 0, 0]): Layer {
  const { size, channels, out, kernel = 1, stride = 1, groups = 1, residual = false } = spec;
  const padding = (kernel - 1) / 2;
  const outSize = Math.ceil(size / stride);
  return {
    name,
    counts,
    problem: {
      ...{ channels, height: size, width: size, outChannels: out, outHeight: outSize, outWidth: outSize },
      ...{ kernel: [kernel, kernel], stride: [stride, stride], padding: [padding, padding], dilation: [1, 1] },
      ...{ groups, bias: true, residual, relu: true },
    },
  };
}

export const layers: readonly Layer[] = [
  layer("stem 7x7 s2", { size: 224, channels: 3, out: 64, kernel: 7, stride: 2 }, [1, 1, 1, 1, 1]),
  layer("56 1x1 64-64", { size: 56, channels: 64, out: 64 }, [0, 0, 1, 1, 1]),
  layer("56 1x1 256-64", { size: 56, channels: 256, out: 64 }, [0, 0, 2, 2, 2]),
  layer("56 1x1 64-256 +", { size: 56, channels: 64, out: 256, residual: true }, [0, 0, 4, 4, 4]),
  layer("56 1x1 256-128", { size: 56, channels: 256, out: 128 }, [0, 0, 1, 1, 1]),
  layer("56 3x3 64", { size: 56, channels: 64, out: 64, kernel: 3, residual: true }, [4, 6, 3, 3, 3]),
  layer("56 3x3 s2 64-128", { size: 56, channels: 64, out: 128, kernel: 3, stride: 2 }, [1, 1, 0, 0, 0]),
  layer("56 3x3 s2 128", { size: 56, channels: 128, out: 128, kernel: 3, stride: 2 }, [0, 0, 1, 1, 1]),
  layer("56 1x1 s2 64-128", { size: 56, channels: 64, out: 128, stride: 2 }, [1, 1, 0, 0, 0]),
  layer("56 1x1 s2 256-512", { size: 56, channels: 256, out: 512, stride: 2 }, [0, 0, 1, 1, 1]),
  layer("28 1x1 128-512 +", { size: 28, channels: 128, out: 512, residual: true }, [0, 0, 4, 4, 8]),
  layer("28 1x1 512-128", { size: 28, channels: 512, out: 128 }, [0, 0, 3, 3, 7]),
  layer("28 1x1 512-256", { size: 28, channels: 512, out: 256 }, [0, 0, 1, 1, 1]),
  layer("28 3x3 128", { size: 28, channels: 128, out: 128, kernel: 3, residual: true }, [3, 7, 3, 3, 7]),
  layer("28 3x3 s2 128-256", { size: 28, channels: 128, out: 256, kernel: 3, stride: 2 }, [1, 1, 0, 0, 0]),
  layer("28 3x3 s2 256", { size: 28, channels: 256, out: 256, kernel: 3, stride: 2 }, [0, 0, 1, 1, 1]),
  layer("28 1x1 s2 128-256", { size: 28, channels: 128, out: 256, stride: 2 }, [1, 1, 0, 0, 0]),
  layer("28 1x1 s2 512-1024", { size: 28, channels: 512, out: 1024, stride: 2 }, [0, 0, 1, 1, 1]),
  layer("14 1x1 256-1024 +", { size: 14, channels: 256, out: 1024, residual: true }, [0, 0, 6, 23, 36]),
  layer("14 1x1 1024-256", { size: 14, channels: 1024, out: 256 }, [0, 0, 5, 22, 35]),
  layer("14 1x1 1024-512", { size: 14, channels: 1024, out: 512 }, [0, 0, 1, 1, 1]),
  layer("14 3x3 256", { size: 14, channels: 256, out: 256, kernel: 3, residual: true }, [3, 11, 5, 22, 35]),
  layer("14 3x3 s2 256-512", { size: 14, channels: 256, out: 512, kernel: 3, stride: 2 }, [1, 1, 0, 0, 0]),
  layer("14 3x3 s2 512", { size: 14, channels: 512, out: 512, kernel: 3, stride: 2 }, [0, 0, 1, 1, 1]),
  layer("14 1x1 s2 256-512", { size: 14, channels: 256, out: 512, stride: 2 }, [1, 1, 0, 0, 0]),
  layer("14 1x1 s2 1024-2048", { size: 14, channels: 1024, out: 2048, stride: 2 }, [0, 0, 1, 1, 1]),
  layer("7 1x1 512-2048 +", { size: 7, channels: 512, out: 2048, residual: true }, [0, 0, 3, 3, 3]),
  layer("7 1x1 2048-512", { size: 7, channels: 2048, out: 512 }, [0, 0, 2, 2, 2]),
  layer("7 3x3 512", { size: 7, channels: 512, out: 512, kernel: 3, residual: true }, [3, 5, 2, 2, 2]),
  // ResNeXt's, which no plain ResNet has.
  layer("56 3x3 g32 128", { size: 56, channels: 128, out: 128, kernel: 3, groups: 32 }),
  layer("28 3x3 g32 256", { size: 28, channels: 256, out: 256, kernel: 3, groups: 32 }),
  layer("56 3x3 s2 g32 256", { size: 56, channels: 256, out: 256, kernel: 3, stride: 2, groups: 32 }),
  layer("7 3x3 g32 1024", { size: 7, channels: 1024, out: 1024, kernel: 3, groups: 32 }),
  layer("28 3x3 s2 g32 512", { size: 28, channels: 512, out: 512, kernel: 3, stride: 2, groups: 32 }),
  layer("7 3x3 g32 2048", { size: 7, channels: 2048, out: 2048, kernel: 3, groups: 32 }),
  layer("14 3x3 g32 512", { size: 14, channels: 512, out: 512, kernel: 3, groups: 32 }),
];
