/** The plain face: `POST /v1/features` with a form, an image's bytes, or JSON; all images of one request in one answer. */
import { Hono } from "hono";
import type { FeatureRow } from "../features/features-of.ts";
import { rowAsJson } from "../features/sinks/json-rows.ts";
import type { Normalize } from "../model/pooling.ts";
import { shown } from "./data-path.ts";
import { featuresQuery, featuresRequest, mostImages } from "./feature-schemas.ts";
import { HttpError } from "./http-error.ts";
import { imageRows, type RequestedImage } from "./image-rows.ts";
import { checked, parseJson } from "./request-json.ts";
import { queryOf } from "./request-target.ts";
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

interface Work {
  readonly images: readonly RequestedImage[];
  readonly depth: number;
  readonly normalize: Normalize;
}

export function featureApi(service: Service): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  app.post("/v1/features", async (c) => {
    const user = userOf(c, service);
    const call = admit(c, service);
    let release = (): void => undefined;
    try {
      const body = await service.bodies.read(c.req.raw, inlineLimits(service, call));
      release = body.release;
      const work = await workOf(c, service, body.bytes, user, call.signal);
      const { images, depth, normalize } = work;
      const [batcher, ahead, onImage] = [service.batcher, aheadOf(service), imageCounter(service, depth)];
      const made: FeatureRow[] = [];
      for await (const row of imageRows(images, { batcher, depth, normalize, ahead, signal: call.signal, onImage }))
        made.push(row);
      if (made.every((row) => row.error)) throw noneOf(made);
      const text = made.map(rowAsJson).join(",\n");
      return c.body(`{"depth":${depth},"features":[\n${text}]}`, 200, { "Content-Type": "application/json" });
    } finally {
      release();
      call.end();
    }
  });
  return app;
}

/** Where no image has a vector the request has failed; with the words of the first. */
function noneOf(made: readonly FeatureRow[]): HttpError {
  const [first] = made;
  const error = first!.error!;
  const status = error instanceof HttpError && error.status !== 404 ? error.status : 422;
  const others = made.length > 1 ? ` (and none of the other ${made.length - 1} either)` : "";
  return new HttpError(status, error.code, `${error.message}${others}`, { cause: error });
}

/** Throws HttpError for what is no request. */
async function workOf(
  c: AppContext,
  service: Service,
  bytes: Uint8Array<ArrayBuffer>,
  user: string,
  signal: AbortSignal,
): Promise<Work> {
  const header = c.req.header("content-type") ?? "";
  const type = header.split(";")[0]!.trim().toLowerCase();
  const query = queryOf(c.var.target);
  if (type === "application/json") {
    if (query.size > 0)
      throw new HttpError(400, "bad-option", "options of a JSON request stand in its body, not in the query");
    const { images, depth, normalize } = checked(featuresRequest, parseJson(bytes));
    const named = images.map((image, i): RequestedImage => {
      const image_path = image.name ?? ("url" in image ? image.url : `image ${i}`);
      if ("url" in image) return { image_path, source: sourceOf(service, image.url, user, signal) };
      const decoded = fromBase64(image.base64, image_path);
      return { image_path, source: async () => decoded };
    });
    return { images: named, depth, normalize };
  }
  if (type === "multipart/form-data") return ofForm(header, bytes, query);
  if (type === "application/octet-stream" || type.startsWith("image/")) {
    const { depth, normalize } = checked(featuresQuery, Object.fromEntries(query));
    return { images: [{ image_path: "image 0", source: async () => bytes }], depth, normalize };
  }
  throw new HttpError(
    415,
    "content-type",
    `content-type ${shown(type)}: expected multipart/form-data, application/json, application/octet-stream or image/…`,
  );
}

/** Files are images, whatever their fields are called; the other fields are options, which may stand in the query too. */
async function ofForm(
  header: string,
  bytes: Uint8Array<ArrayBuffer>,
  query: ReadonlyMap<string, string>,
): Promise<Work> {
  const boundary = boundaryOf(header);
  checkParts(bytes, boundary);
  // The boundary that was looked for, whatever else the header says.
  const type = `multipart/form-data; boundary="${boundary}"`;
  const form = await new Response(bytes, { headers: { "Content-Type": type } }).formData().catch((cause) => {
    throw new HttpError(400, "bad-form", "the body is no multipart/form-data of its boundary", { cause });
  });
  const images: RequestedImage[] = [];
  const options = new Map(query);
  for (const [name, value] of form) {
    if (typeof value === "string") {
      if (options.has(name)) throw new HttpError(400, "bad-option", `${shown(name)} stands twice; once is expected`);
      options.set(name, value);
    } else
      images.push({ image_path: value.name === "" ? `image ${images.length}` : value.name, source: async () => value });
  }
  if (images.length === 0) throw new HttpError(400, "bad-form", "the form has no file; each file in it is an image");
  if (images.length > mostImages)
    throw new HttpError(400, "bad-form", `more than ${mostImages} images; send them in parts`);
  const { depth, normalize } = checked(featuresQuery, Object.fromEntries(options));
  return { images, depth, normalize };
}

/** Fields beside images that are counted only: which they may be is said later. */
const mostFields = 16;

/** What stands between a form's parts (RFC 2046, section 5.1.1). Throws HttpError 400. */
function boundaryOf(header: string): string {
  const [, quoted, plain] = /;\s*boundary=(?:"([^"\\]{1,70})"|([^\s;"]{1,70}))\s*(?:;|$)/i.exec(header) ?? [];
  const boundary = quoted ?? plain;
  if (boundary !== undefined) return boundary;
  throw new HttpError(400, "bad-form", "multipart/form-data without its boundary of 1 to 70 characters");
}

/** Before the form is taken apart, which costs much more for each part than to find its boundary. */
function checkParts(bytes: Uint8Array<ArrayBuffer>, boundary: string): void {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const between = `--${boundary}`;
  let parts = -1; // the last boundary ends the form
  for (let at = body.indexOf(between); at >= 0; at = body.indexOf(between, at + between.length))
    if (++parts > mostImages + mostFields)
      throw new HttpError(400, "bad-form", `more than ${mostImages} images; send them in parts`);
}

function fromBase64(text: string, name: string): Uint8Array {
  if (text.length % 4 === 1 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text))
    throw new HttpError(
      400,
      "bad-request",
      `${shown(name)}: its base64 is not valid (RFC 4648, section 4; no data: address before it)`,
    );
  return Buffer.from(text, "base64");
}
