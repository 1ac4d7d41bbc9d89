/** How the averaging pools combine values: a sum in the order of the window, then one division. */
export const meanText = /* wgsl */ `
fn start() -> f32 {
  return 0.0;
}

fn combine(sum: f32, x: f32) -> f32 {
  return sum + x;
}

fn finish(sum: f32, counted: u32) -> f32 {
  return sum / f32(counted);
}`;
