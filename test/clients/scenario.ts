/** What both clients do, and what must come of it: the steps' names, the photos that stand for the service's four images, and the two examples. */

/** The photos behind `image1.jpg` to `image4.jpg`. */
export const photos = ["astronaut-portrait.jpg", "cat-eyes.jpg", "clock.jpg", "gravel-below.jpg"];

const image = (n: number): string => `data://.my/training_data/image${n}.jpg`;

/** The examples of the service's page, word for word; where it says "…", the other images. */
export const examples = {
  first: { image_path: "data://.my/training_data" },
  second: { image_path: [image(1), image(2), image(3), image(4)], resnet_depth: 152 },
} as const;

/** What a client printed: a line a step. */
export interface Step {
  readonly step: string;
  readonly result: unknown;
}

/** The number of a vector's numbers by depth. */
export const lengths: ReadonlyMap<number, number> = new Map([
  [18, 512],
  [34, 512],
  [50, 2048],
  [101, 2048],
  [152, 2048],
]);
