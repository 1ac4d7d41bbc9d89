/** What is known of torchvision's files: that the table is whole, and that the README says the same. */
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { presets } from "../image/preset.ts";
import { depths, modelNames, modelOfDepth } from "./architectures.ts";
import { type PretrainedFile, pretrained } from "./pretrained.ts";

test.each(modelNames)("%s has files with believable facts", (name) => {
  const files = pretrained[name];
  if (name !== "tiny") expect(files.length).toBeGreaterThan(0);
  for (const { file, top1, top5, preset } of files) {
    expect(file).toMatch(new RegExp(`^${name}-[0-9a-f]{8}\\.pth$`));
    expect(top1).toBeGreaterThan(60);
    expect(top5).toBeGreaterThan(top1);
    expect(top5).toBeLessThan(100);
    expect(presets).toHaveProperty([preset]);
  }
  expect(new Set(files.map(({ weights }) => weights)).size).toBe(files.length);
});

test("the README's table of accuracy is this one", async () => {
  const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
  const cell = (file?: PretrainedFile) => (file ? ` ${file.top1.toFixed(3)}, ${file.top5.toFixed(3)} ` : " ");
  const rows = depths.map((depth) => {
    const files = pretrained[modelOfDepth(depth)];
    const cells = (["IMAGENET1K_V1", "IMAGENET1K_V2"] as const).map((name) => files.find((f) => f.weights === name));
    return `| ${depth} |${cells.map(cell).join("|")}|`;
  });
  expect(readme).toContain(`| depth | \`IMAGENET1K_V1\` | \`IMAGENET1K_V2\` |\n|---|---|---|\n${rows.join("\n")}\n`);
});
