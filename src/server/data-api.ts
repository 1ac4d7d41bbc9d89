/** Algorithmia's Data API over the store: `/v1/data/PATH`, and `/v1/connector/data/PATH`, which is the same. */
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { Hono } from "hono";
import { z } from "zod";
import { readRules } from "./access-lists.ts";
import { childOf, type DataPath, notThere, pathOfTarget } from "./data-path.ts";
import { HttpError } from "./http-error.ts";
import { bodyChunks, checkBodyHeaders } from "./request-body.ts";
import { checked, parseJson } from "./request-json.ts";
import { queryOf } from "./request-target.ts";
import { type AppContext, type AppEnv, admit, inlineLimits, type Service, userOf } from "./service.ts";

const rules = readRules.join(", ");
const accessList = z.strictObject({
  read: z.array(z.enum(readRules, { error: `a rule is one of ${rules}` }), { error: "expected a list" }).max(2),
});
const newFolder = z.strictObject({
  name: z.string({ error: "expected the new folder's name" }),
  acl: accessList.optional(),
});
const newRules = z.strictObject({ acl: accessList });

const prefix = /^\/v1\/(connector\/)?data(\/|$)/;

export function dataApi(service: Service): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const pathOf = (c: AppContext): DataPath => pathOfTarget(c.var.target.path.replace(prefix, ""), userOf(c, service));
  for (const route of ["/v1/data", "/v1/data/*", "/v1/connector/data", "/v1/connector/data/*"]) {
    app.get(route, (c) => read(c, service, pathOf(c)));
    app.put(route, (c) => put(c, service, pathOf(c)));
    app.post(route, (c) => make(c, service, pathOf(c)));
    app.delete(route, (c) => remove(c, service, pathOf(c)));
    app.patch(route, (c) => setRules(c, service, pathOf(c)));
  }
  return app;
}

/** GET and HEAD: a folder's listing, or a file's bytes. */
async function read(c: AppContext, { store }: Service, path: DataPath): Promise<Response> {
  const found = await store.find(path);
  if (!found) throw notThere(path.text);
  const isHead = c.req.raw.method === "HEAD";
  if (found.kind === "folder") {
    c.header("X-Data-Type", "directory");
    if (isHead) return c.body(null);
    const query = queryOf(c.var.target);
    const { folders, files, marker } = await store.list(path, query.get("marker"));
    return c.json({
      folders: folders.map((name) => ({ name })),
      files: files.map(({ name, size, modified }) => ({ filename: name, last_modified: modified.toISOString(), size })),
      ...(marker === undefined ? {} : { marker }),
      ...(query.get("acl") === "true" && path.collection === "my" ? { acl: { read: store.readList(path) } } : {}),
    });
  }
  const headers = {
    "X-Data-Type": "file",
    "Content-Type": typeFor(c.req.header("accept")),
    "Content-Length": String(found.size),
    "Last-Modified": found.modified.toUTCString(),
  };
  if (isHead || found.size === 0) return c.body(null, 200, headers);
  const { handle, size } = await store.openFile(path);
  if (size === 0) {
    await handle.close(); // emptied in this moment
    return c.body(null, 200, { ...headers, "Content-Length": "0" });
  }
  // `end`: a file that grows meanwhile is sent as long as was said.
  const stream = createReadStream("", { fd: handle, start: 0, end: size - 1 });
  return c.body(Readable.toWeb(stream) as ReadableStream<Uint8Array>, 200, {
    ...headers,
    "Content-Length": String(size),
  });
}

/** The npm client makes of an answer what its content type says: text and JSON where it asks for them, bytes in all other cases. */
function typeFor(accept: string | undefined): string {
  if (accept === "application/json") return "application/json";
  if (accept === "text/plain") return "text/plain; charset=utf-8";
  return "application/octet-stream";
}

async function put(c: AppContext, service: Service, path: DataPath): Promise<Response> {
  const { limits, store } = service;
  const bodyLimits = { most: limits.fileBytes, seconds: limits.bodySeconds, option: "--max-file" };
  checkBodyHeaders(c.req.raw, bodyLimits);
  const seconds = Math.max(limits.timeout, limits.fileBytes / 2 ** 15); // a body of any size ends sooner, or is too slow
  const call = admit(c, service, seconds);
  try {
    await store.writeFile(path, bodyChunks(c.req.raw, { ...bodyLimits, signal: call.signal }));
    return c.json({ result: path.text });
  } finally {
    call.end();
  }
}

async function make(c: AppContext, service: Service, path: DataPath): Promise<Response> {
  const { name, acl } = checked(newFolder, await jsonOf(c, service));
  if (path.collection === "root")
    throw new HttpError(
      400,
      "bad-path",
      "above all collections nothing is made; make folders in .my, .session or .algo",
    );
  const made = childOf(path, name);
  await service.store.makeFolder(made, acl?.read);
  if (acl) warnOfPublic(c, acl.read);
  return c.json({ result: made.text });
}

async function remove(c: AppContext, { store }: Service, path: DataPath): Promise<Response> {
  const force = queryOf(c.var.target).get("force") === "true";
  return c.json({ result: { deleted: await store.remove(path, force) } });
}

async function setRules(c: AppContext, service: Service, path: DataPath): Promise<Response> {
  const { acl } = checked(newRules, await jsonOf(c, service));
  await service.store.setReadList(path, acl.read);
  warnOfPublic(c, acl.read);
  return c.body(null, 200);
}

/** A rule that is kept and not followed is better said. */
function warnOfPublic(c: AppContext, read: readonly string[]): void {
  if (!read.includes("user://*")) return;
  c.header("Warning", '299 residual "user://* is kept, but nothing is opened to other users here"');
  c.var.log.warn("a folder was marked as public; this server opens no user's data to another");
}

/** Requests of a few bytes. */
async function jsonOf(c: AppContext, service: Service): Promise<unknown> {
  const call = admit(c, service);
  try {
    const { bytes, release } = await service.bodies.read(c.req.raw, { ...inlineLimits(service, call), most: 2 ** 16 });
    release();
    return parseJson(bytes);
  } finally {
    call.end();
  }
}
