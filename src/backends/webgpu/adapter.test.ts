/** What an adapter is called, and whether it is a program. */
import { describe, expect, test } from "vitest";
import { describeAdapter, findAdapter, isSoftware } from "./adapter.ts";

function info(values: Partial<Record<"vendor" | "architecture" | "device" | "description", string>>, fallback = false) {
  return {
    ...{ vendor: "", architecture: "", device: "", description: "", isFallbackAdapter: fallback },
    ...{ subgroupMinSize: 4, subgroupMaxSize: 128, __brand: "GPUAdapterInfo" as const },
    ...values,
  };
}

test.each([
  [
    info({ vendor: "nvidia", architecture: "hopper", device: "h100", description: "NVIDIA H100" }),
    "nvidia hopper (NVIDIA H100)",
  ],
  [info({ vendor: "intel", architecture: "gen-12lp" }), "intel gen-12lp"],
  [info({ vendor: "amd", device: "0x1234" }), "amd (0x1234)"],
  [info({ description: "Some GPU" }), "Some GPU"],
  [info({}), "an adapter without a name"],
])("is described: %#", (adapterInfo, description) => {
  expect(describeAdapter(adapterInfo)).toBe(description);
});

describe("is software", () => {
  test.each([
    [info({ architecture: "swiftshader" }), true],
    [info({ vendor: "mesa", device: "llvmpipe-llvm-15" }), true],
    [info({ description: "Microsoft Basic Render Driver" }), true],
    [info({}, true), true],
    [info({ vendor: "nvidia", architecture: "hopper", description: "NVIDIA H100" }), false],
  ])("%#", (adapterInfo, software) => {
    expect(isSoftware(adapterInfo)).toBe(software);
  });

  test("the tests' own adapter, on which others rely", async () => {
    const found = await findAdapter();
    expect(found.reason).toBeUndefined();
    if (process.env.VK_ICD_FILENAMES?.includes("swiftshader")) expect(found.software).toBe(true);
  });
});
