/**
 * The algorithm as Algorithmia served it: `POST /v1/algo/imageclassification/ResNetFeatureExtraction`. Its answer is written image by image;
 * what goes wrong on the way ends it with an `error` beside the result, which both clients look for first.
 */
import { Hono } from "hono";
import type { FeatureRow } from "../features/features-of.ts";
import { describeLeftOut } from "../features/left-out.ts";
import { rowAsJson } from "../features/sinks/json-rows.ts";
import type { Call } from "./admission.ts";
import {
  type AlgorithmInput,
  type AlgorithmOptions,
  algorithmInput,
  algorithmOptions,
  checkAlgorithm,
} from "./algorithm-request.ts";
import { pathOfUrl, shown } from "./data-path.ts";
import { imagesIn } from "./data-store.ts";
import { HttpError, isOurs } from "./http-error.ts";
import { imageRows, type RequestedImage } from "./image-rows.ts";
import { reportError } from "./request-log.ts";
import {
  type AppContext,
  type AppEnv,
  admit,
  aheadOf,
  imageCounter,
  inlineLimits,
  type Service,
  sourceOf,
  userOf,
} from "./service.ts";
import { streamOf } from "./text-stream.ts";

/** What is computed, and how it is told. */
interface Work {
  readonly images: readonly RequestedImage[];
  readonly depth: number;
  /** One image by its own name: its error is the call's. */
  readonly single: boolean;
  /** What a folder holds that is no image. */
  readonly leftOut?: string;
}

/** Seconds that a caller is given to take the end of an answer that was stopped. */
const unreadSeconds = 5;

/** Addresses of a list that are looked at whatever the network: what is wrong with one is said before the network is loaded. */
const surelyLooked = 1000;

/** Bytes that a number takes in an answer, at most about. */
const bytesOfNumber = 21;

export function algorithmApi(service: Service): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  app.post("/v1/algo/*", async (c) => {
    const user = userOf(c, service);
    checkAlgorithm(c.var.target, service.aliases);
    const options = algorithmOptions(c.var.target, service.limits.timeout);
    return options.output === "void" ? callVoid(c, service, user, options) : call(c, service, user, options);
  });
  return app;
}

async function call(c: AppContext, service: Service, user: string, options: AlgorithmOptions): Promise<Response> {
  const begin = performance.now();
  const admitted = admit(c, service, options.timeout);
  const body = await bodyOf(c, service, admitted);
  let end = (): void => {
    body.release();
    admitted.end();
  };
  try {
    const work = await workOf(service, body.input, user, admitted.signal);
    const made = rowsOf(service, work, admitted.signal);
    const first = await made.next(); // what stops the whole call shows here, before anything is sent
    if (work.single && first.value?.error) throw first.value.error;
    const written = answer(c, made, first, { work, options, begin, end, signal: admitted.signal });
    end = () => undefined; // the stream's, from here on
    return c.body(written, 200, { "Content-Type": "application/json" });
  } catch (error) {
    return algorithmError(c, error, options);
  } finally {
    end();
  }
}

/** The body's input, within the bounds of inline bodies. Ends the call where there is none. */
async function bodyOf(
  c: AppContext,
  service: Service,
  admitted: Call,
): Promise<{ input: AlgorithmInput | HttpError; release: () => void }> {
  try {
    const { bytes, release } = await service.bodies.read(c.req.raw, inlineLimits(service, admitted));
    try {
      return { input: algorithmInput(c.req.header("content-type"), bytes), release };
    } catch (error) {
      if (error instanceof HttpError && error.code === "bad-request") return { input: error, release };
      release();
      throw error;
    }
  } catch (error) {
    admitted.end();
    throw error;
  }
}

async function workOf(
  service: Service,
  input: AlgorithmInput | HttpError,
  user: string,
  signal: AbortSignal,
): Promise<Work> {
  if (input instanceof HttpError) throw input;
  const { depth } = input;
  if (input.kind === "bytes") {
    const { bytes } = input;
    return { images: [{ image_path: "image 0", source: async () => bytes }], depth, single: true };
  }
  const { paths } = input;
  if (typeof paths === "string") return oneOrFolder(service, paths, depth, user, signal);
  // A list that is far too long is refused before it costs more: its addresses may be a million.
  if (paths.length > surelyLooked) await checkAnswer(service, paths.length, depth, signal);
  const images = paths.map((address) => ({ image_path: address, source: sourceOf(service, address, user, signal) }));
  await checkAnswer(service, images.length, depth, signal);
  return { images, depth, single: false };
}

async function oneOrFolder(
  service: Service,
  address: string,
  depth: number,
  user: string,
  signal: AbortSignal,
): Promise<Work> {
  const source = sourceOf(service, address, user, signal);
  const single = { images: [{ image_path: address, source }], depth, single: true };
  if (!address.startsWith("data://")) return single;
  const path = pathOfUrl(address, user);
  const found = path.collection === "root" ? undefined : await service.store.find(path);
  if (!found) throw new HttpError(404, "not-found", `${shown(address)}: there is no such file or folder for this key`);
  if (found.kind === "file") return single;
  const inside = await imagesIn(service.store, path);
  const { otherFiles, subfolders, hidden } = inside;
  const left = otherFiles.length + subfolders.length + hidden > 0;
  const leftOut = left ? describeLeftOut({ folder: path.text, otherFiles, subfolders, hidden }) : undefined;
  if (inside.images.length === 0)
    throw new HttpError(
      404,
      "not-found",
      leftOut ?? `${shown(address)}: a folder without images; JPEG, PNG, WebP and GIF files are taken, by their suffix`,
    );
  const images = inside.images.map((image) => ({
    image_path: `${path.text}/${image.parts.at(-1)!}`,
    source: async () => () => service.store.readFile(image, service.limits.fileBytes),
  }));
  return { images, depth, single: false, leftOut };
}

/** A list's answer has a bound; better said before the work than after it. */
async function checkAnswer(
  { models, limits }: Service,
  images: number,
  depth: number,
  signal: AbortSignal,
): Promise<void> {
  const { features } = await models.facts(depth, signal);
  const most = Math.max(1, Math.floor(limits.answerBytes / (features * bytesOfNumber)));
  if (images > most)
    throw new HttpError(
      413,
      "answer-too-large",
      `a list of ${images} images: the answer to a list may have ${limits.answerBytes} bytes, which are ${most} images at depth ${depth}; ` +
        "name their folder, whose answer has no bound, or send fewer at once",
    );
}

function rowsOf(
  service: Service,
  { images, depth }: Work,
  signal: AbortSignal,
): AsyncGenerator<FeatureRow, void, undefined> {
  const { batcher } = service;
  return imageRows(images, { batcher, depth, signal, ahead: aheadOf(service), onImage: imageCounter(service, depth) });
}

interface AnswerOptions {
  readonly work: Work;
  readonly options: AlgorithmOptions;
  readonly begin: number;
  readonly end: () => void;
  readonly signal: AbortSignal;
}

function answer(
  c: AppContext,
  made: AsyncGenerator<FeatureRow, void, undefined>,
  first: IteratorResult<FeatureRow, void>,
  { work, options, begin, end, signal }: AnswerOptions,
): ReadableStream<Uint8Array> {
  const raw = options.output === "raw";
  const metadata = (): string =>
    JSON.stringify({
      content_type: "json",
      duration: (performance.now() - begin) / 1000,
      ...(options.stdout ? { stdout: "" } : {}),
      ...(options.shortened ? { timeout: options.timeout } : {}),
      ...(work.leftOut === undefined ? {} : { left_out: work.leftOut }),
    });
  async function* text(): AsyncGenerator<string, void, undefined> {
    yield raw ? "[" : '{"result":[';
    let failure: unknown;
    try {
      let i = 0;
      for (let next = first; !next.done; next = await made.next())
        yield (i++ === 0 ? "\n" : ",\n") + rowAsJson(next.value);
    } catch (error) {
      failure = error;
    }
    if (failure === undefined) yield raw ? "]" : `],"metadata":${metadata()}}`;
    // In a raw answer there is no place for words: it stays without its end, and no reader of JSON takes it for whole.
    else if (!raw) yield `],"error":${JSON.stringify(errorBody(reportError(c, failure)))},"metadata":${metadata()}}`;
    else reportError(c, failure);
  }
  // A caller who does not read keeps no room beyond its time: it is given a moment to take the error, and then its connection is cut.
  let cut: NodeJS.Timeout | undefined;
  const atAbort = (): void => {
    end();
    cut = setTimeout(() => c.env?.outgoing?.destroy(), unreadSeconds * 1000);
    cut.unref();
  };
  signal.addEventListener("abort", atAbort, { once: true });
  return streamOf(text(), async () => {
    signal.removeEventListener("abort", atAbort);
    clearTimeout(cut);
    end();
    await made.return();
  });
}

/** The call is worked off after its answer; what comes of it is in the log, and nowhere else, as it was on Algorithmia. */
async function callVoid(c: AppContext, service: Service, user: string, options: AlgorithmOptions): Promise<Response> {
  const admitted = service.admission.admit({ seconds: options.timeout ?? service.limits.timeout });
  const { input, release } = await bodyOf(c, service, admitted);
  if (input instanceof HttpError) {
    release();
    admitted.end();
    return algorithmError(c, input, options);
  }
  const run = async (): Promise<void> => {
    let images = 0;
    let failed = 0;
    for await (const row of rowsOf(service, await workOf(service, input, user, admitted.signal), admitted.signal)) {
      images++;
      if (row.error) failed++;
    }
    c.var.log.info({ images, failed }, "a call without an answer (output=void) is done");
  };
  void run()
    .catch((error) => {
      const told = reportError(c, error);
      if (!isOurs(told)) c.var.log.warn({ code: told.code }, `a call without an answer (output=void): ${told.message}`);
    })
    .finally(() => {
      release();
      admitted.end();
    });
  return c.json({ async: "void", request_id: c.var.requestId });
}

/**
 * An error of the algorithm is answered with 200: the Python client drops the body of all else. What concerns the server and not the input
 * keeps its status, and so does a raw answer, whose reader would take the words for the result.
 */
function algorithmError(c: AppContext, error: unknown, { output }: AlgorithmOptions): Response {
  const told = reportError(c, error);
  if (told.status >= 500 || told.status === 401) throw told;
  return c.json({ error: errorBody(told) }, output === "raw" ? 400 : 200);
}

/** Algorithmia's form; never with a real stack trace. */
export function errorBody(error: HttpError): Readonly<Record<string, string>> {
  return { message: error.message, error_type: error.code, stack_trace: "", stacktrace: "" };
}
