/** The Python that the peers' scripts run in, and those scripts. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { DepthName } from "../../test/support/golden-networks.ts";
import { root } from "../common/keep-result.ts";

const script = (name: string) => join(root, "bench/peers", name);

export interface PythonPeer {
  readonly python: string;
  /** `Python 3.11.7, torch 2.14.1, …` */
  readonly versions: string;
}

/** As `python` is asked; or why it cannot be a peer. */
export async function findPythonPeer(python: string): Promise<PythonPeer | { readonly missing: string }> {
  const ask = [
    "import platform, torch, torchvision, PIL",
    "print(f'Python {platform.python_version()}, torch {torch.__version__}, ' +",
    "f'torchvision {torchvision.__version__}, Pillow {PIL.__version__}')",
  ];
  try {
    const { stdout } = await promisify(execFile)(python, ["-c", `${ask[0]}\n${ask.slice(1).join("")}`]);
    return { python, versions: stdout.trim() };
  } catch (error) {
    return { missing: error instanceof Error ? error.message.trim().split("\n").at(-1)! : String(error) };
  }
}

/** A safetensors file as PyTorch's own, beside it. Gives its path. */
export async function writePth({ python }: PythonPeer, weights: string): Promise<string> {
  const path = weights.replace(/\.safetensors$/, ".pth");
  await promisify(execFile)(python, [script("read_safetensors.py"), weights, path]);
  return path;
}

/** The script that prints features of an image, or of a folder's with `workers` processes that read. */
export function torchFeaturesCommand(
  { python }: PythonPeer,
  options: { readonly model: DepthName; readonly weights: string; readonly path: string; readonly workers?: number },
): string[] {
  const { model, weights, path, workers = 0 } = options;
  return [python, script("torch_features.py"), model, weights, path, String(workers)];
}
