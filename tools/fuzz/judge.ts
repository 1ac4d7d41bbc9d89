/** Opens one file and reads all of it. It must be read right or be refused by an error of ours. */
import { ResidualError } from "../../src/errors.ts";
import { bytesSource } from "../../src/platform/byte-source.ts";
import { openWeights } from "../../src/weights/open-weights.ts";
import { byteLength } from "../../src/weights/stored-dtypes.ts";
import type { FuzzCase } from "./formats.ts";

/** Bytes that a file may take in memory above its own size. */
export const memoryLimit = 64_000_000;

export type Verdict = "read" | "refused" | { readonly fault: string };

export async function judge({ bytes, beside }: Pick<FuzzCase, "bytes" | "beside">): Promise<Verdict> {
  let open = 0;
  const inner = bytesSource(bytes, "case");
  open++;
  const source = {
    ...inner,
    ...(beside && { beside }),
    close: async () => {
      open = 0;
      await inner.close();
    },
  };
  let verdict: Verdict = "read";
  try {
    const file = await openWeights(source);
    for (const [name, tensor] of file.tensors) {
      try {
        const own = await tensor.readBytes();
        if (own.length !== byteLength(tensor.stored, tensor.shape) || own.byteOffset !== 0)
          return { fault: `${JSON.stringify(name)}: ${own.length} bytes of ${tensor.stored} ${tensor.shape}` };
      } catch (error) {
        verdict = refusal(error);
        if (verdict !== "refused") break;
      }
    }
    await file.close();
  } catch (error) {
    verdict = refusal(error);
  }
  return open === 0 || typeof verdict === "object" ? verdict : { fault: "the file was left open" };
}

function refusal(error: unknown): Verdict {
  if (!(error instanceof ResidualError))
    return { fault: `not an error of ours: ${error instanceof Error ? error.stack : String(error)}` };
  if (error.message.length > 1000 || error.message.includes("\n"))
    return { fault: `no clear line: ${error.message.slice(0, 200)}` };
  return "refused";
}
