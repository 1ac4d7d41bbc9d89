/**
 * conv2d in WGSL for any groups: an invocation computes four neighbouring pixels of one channel, so that a weight serves four products
 * and neighbouring invocations, which are neighbouring channels, read neighbouring weights.
 */
import type { PackedConstant, WgslStage, WgslVariant } from "../op.ts";
import { flatInvocations, flatInvocationText, workgroupGrid } from "../wgsl/dispatch.ts";
import { fitsDevice, unrolled, wgslStage } from "../wgsl/shader-text.ts";
import { type Conv2dProblem, conv2dDepth } from "./conv2d.problem.ts";
import {
  conv2dBias,
  conv2dBindings,
  conv2dSizes,
  conv2dWgslSumOrder,
  epilogueText,
  kernelIndex,
  pixelsText,
} from "./conv2d.wgsl-parts.ts";

const rows = 4;

export const conv2dWgslGeneral: WgslVariant<Conv2dProblem> = {
  id: "conv2d.wgsl-general",
  way: "direct",
  sumOrder: conv2dWgslSumOrder,
  accepts: (_, capabilities) => fitsDevice(capabilities, { invocations: flatInvocations }),
  layouts: () => ({ inputs: ["nhwc", "nhwc", "nhwc", "nhwc"], output: "nhwc" }),
  constants: (p) => [packedWeight(p), ...conv2dBias(p)],
  stages: (p) => [generalStage(p)],
};

/** weight (O, C / groups, KH, KW) → (KH, KW, C / groups, O) */
function packedWeight(p: Conv2dProblem): PackedConstant {
  return {
    operands: [1],
    elements: conv2dDepth(p) * p.outChannels,
    write: ([weight], out) => {
      let i = 0;
      for (let ky = 0; ky < p.kernel[0]; ky++)
        for (let kx = 0; kx < p.kernel[1]; kx++)
          for (let c = 0; c < p.channels / p.groups; c++)
            for (let o = 0; o < p.outChannels; o++) out[i++] = weight![kernelIndex(p, o, ky, kx, c)]!;
    },
  };
}

function generalStage(p: Conv2dProblem): WgslStage {
  const pixels = p.outHeight * p.outWidth;
  const body = /* wgsl */ `${flatInvocationText}
${pixelsText}
${epilogueText(p, "f32")}

fn is_inside(top: i32, left: i32) -> bool {
  return (u32(top) < HEIGHT) & (u32(left) < WIDTH);
}

fn start_of(image: u32, top: i32, left: i32, channel: u32, inside: bool) -> u32 {
  return select(0u, ((image * HEIGHT + u32(top)) * WIDTH + u32(left)) * CHANNELS + channel, inside);
}

@compute @workgroup_size(${flatInvocations})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) invocation: u32) {
  let pixels = OUT_HEIGHT * OUT_WIDTH * repeats;
  let i = flat_invocation(group, invocation);
  let first = (i / OUT_CHANNELS) * ${rows}u;
  if (first >= pixels) {
    return;
  }
  let channel = i % OUT_CHANNELS;
  let first_input = (channel / GROUP_OUT_CHANNELS) * GROUP_CHANNELS;
  let pixel0 = pixel_at(first);
${unrolled(rows - 1, (r) => `  let pixel${r + 1} = pixel_after(pixel${r}, first + ${r + 1}u < pixels);`)}
${unrolled(rows, (r) => `  let top${r} = top_of(pixel${r}); let left${r} = left_of(pixel${r}); var sum${r} = first_sum(channel);`)}
  var w = channel;
  for (var ky = 0u; ky < KERNEL_HEIGHT; ky++) {
    for (var kx = 0u; kx < KERNEL_WIDTH; kx++) {
      let down = i32(ky * ROW_DILATION);
      let right = i32(kx * COLUMN_DILATION);
${unrolled(rows, (r) => `      let inside${r} = is_inside(top${r} + down, left${r} + right);`)}
${unrolled(rows, (r) => `      let start${r} = start_of(pixel${r}.x, top${r} + down, left${r} + right, first_input, inside${r});`)}
      for (var c = 0u; c < GROUP_CHANNELS; c++) {
        let w_c = weight[w];
${unrolled(rows, (r) => `        sum${r} = fma(select(0.0, x[start${r} + c], inside${r}), w_c, sum${r});`)}
        w += OUT_CHANNELS;
      }
    }
  }
  let y0 = first * OUT_CHANNELS + channel;
${unrolled(rows, (r) => storeRow(r))}
}`;
  return wgslStage({
    name: "conv2d",
    sizes: {
      ...conv2dSizes(p),
      ...{ GROUP_CHANNELS: p.channels / p.groups, GROUP_OUT_CHANNELS: p.outChannels / p.groups },
    },
    bindings: conv2dBindings(p, { x: "f32", weight: "f32", y: "f32" }),
    body,
    workgroups: (repeats) =>
      workgroupGrid(Math.ceil((Math.ceil((pixels * repeats) / rows) * p.outChannels) / flatInvocations)),
  });
}

function storeRow(r: number): string {
  const i = `y0 + ${r}u * OUT_CHANNELS`;
  return `  if (first + ${r}u < pixels) { y[${i}] = finished(sum${r}, ${i}); }`;
}
