/**
 * What every worker thread of the pool starts as: it loads the jobs that it is called for, and answers (platform/worker-protocol.ts).
 * This list is the one place that knows all jobs; by it bundlers find their modules.
 */
import { askForPackages, workerPort } from "#platform";
import type { Job, JobContext, Moved } from "./platform/worker-job.ts";
import { errorFromData, errorToData, packageQuestion, type ToWorker } from "./platform/worker-protocol.ts";

const jobs: Readonly<Record<string, () => Promise<Job>>> = {
  wasm: async () => (await import("./backends/wasm/wasm-job.ts")).wasmJob,
  image: async () => (await import("./model/image-job.ts")).imageJob,
};

const port = workerPort();
const loaded = new Map<string, Promise<Job>>();
const questions = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
let nextQuestion = 0;

askForPackages(async (specifier) => String(await ask(packageQuestion, specifier)));
port.onMessage((message) => {
  if (message.kind === "call") void perform(message);
  else answered(message);
});

async function perform({ id, job, method, data, worker }: ToWorker & { kind: "call" }): Promise<void> {
  try {
    const methods = await load(job);
    const perform = methods[method];
    if (!perform) throw new Error(`the job ${job} has no method ${method}`);
    const context: JobContext = { worker, ask: (question) => ask(id, question) };
    const result = await perform(data as never, context);
    const { value, transfer }: Moved = isMoved(result) ? result : { value: result, transfer: [] };
    port.post({ kind: "done", id, value }, transfer);
  } catch (error) {
    port.post({ kind: "done", id, error: errorToData(error) }, []);
  }
}

function load(job: string): Promise<Job> {
  const start = jobs[job];
  if (!start) throw new Error(`there is no job ${job}`);
  const known = loaded.get(job) ?? start();
  loaded.set(job, known);
  known.catch(() => loaded.delete(job)); // what could not be loaded now may be the next time
  return known;
}

function isMoved(result: unknown): result is Moved {
  return typeof result === "object" && result !== null && "transfer" in result;
}

function ask(call: number, data: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const id = nextQuestion++;
    questions.set(id, { resolve, reject });
    port.post({ kind: "ask", id, call, data }, []);
  });
}

function answered(message: ToWorker & { kind: "answer" }): void {
  const question = questions.get(message.id);
  questions.delete(message.id);
  if (message.error) question?.reject(errorFromData(message.error));
  else question?.resolve(message.value);
}
