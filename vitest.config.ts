import { defineConfig } from "vitest/config";

// `source` picks src/ for the package's own imports and exports ("residual", "#platform"), so that tests need no build.
const conditions = ["source", "node", "import", "module", "default"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts", "tools/**/*.test.ts", "bench/**/*.test.ts"],
    pool: "forks",
    // Workers that run TypeScript do it by a WebAssembly module, and V8 has a race between threads that make better code for its
    // calls back into JavaScript (nodejs/node#64500: "Check failed: jit_page.has_value()"): it is not made in tests.
    execArgv: ["--wasm-wrapper-tiering-budget=1000000000"],
    maxWorkers: "100%", // vitest leaves a core free, which on two cores is half the machine
    testTimeout: 180_000, // a GPU in software, on a busy machine
    hookTimeout: 180_000,
  },
});
