import { defineConfig } from "vitest/config";

// `source` picks src/ for the package's own imports and exports ("residual", "#platform"), so that tests need no build.
const conditions = ["source", "node", "import", "module", "default"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts", "tools/**/*.test.ts", "bench/**/*.test.ts"],
    pool: "forks",
    maxWorkers: "100%", // vitest leaves a core free, which on two cores is half the machine
    testTimeout: 180_000, // a GPU in software, on a busy machine
    hookTimeout: 180_000,
  },
});
