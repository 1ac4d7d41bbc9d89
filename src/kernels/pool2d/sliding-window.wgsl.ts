/** The windows of pools that slide: position k of window o is o · stride − padding + k · dilation. */
import type { Pool2dProblem } from "./pool2d.problem.ts";

/** WGSL: row_window and column_window. `countPadding`: the mean's divisor counts positions in the padding, as PyTorch's countIncludePad. */
export function slidingWindowsText(p: Pool2dProblem, countPadding: boolean): string {
  const axis = (name: string, i: 0 | 1, size: number) => /* wgsl */ `
fn ${name}(o: u32) -> Window {
  return sliding_window(o, ${[size, p.kernel[i], p.stride[i], p.padding[i], p.dilation[i]].join(", ")});
}`;
  return /* wgsl */ `
fn sliding_window(o: u32, size: i32, kernel: i32, stride: i32, padding: i32, dilation: i32) -> Window {
  let start = i32(o) * stride - padding;
  let skipped = (max(-start, 0) + dilation - 1) / dilation; // positions above or left of the image
  let first = start + skipped * dilation;
  let end = max(first, min(start + (kernel - 1) * dilation + 1, size));
  let padded_end = min(start + kernel, size + padding);
  return Window(u32(first), u32(end), u32(${countPadding ? "padded_end - start" : "end - first"}));
}
${axis("row_window", 0, p.height)}
${axis("column_window", 1, p.width)}`;
}
