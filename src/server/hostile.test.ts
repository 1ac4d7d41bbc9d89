/**
 * What a hostile caller may send, listed: each is refused with one clear error, gives nothing away, and the server goes on as before. Over a
 * socket, byte for byte, since clients and URL parsers clean much of it.
 */
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { deflateSync, gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { head, rawRequest } from "../../test/support/raw-http.ts";
import { fromRoot } from "../../test/support/small-weights.ts";
import { type TestService, testService, tinyLoader } from "../../test/support/test-service.ts";
import { BodyBudget } from "./request-body.ts";
import { listen, type RunningServer } from "./serve.ts";

const secret = "the secret that lies beside the store";
const most = 2 ** 20;
let test: TestService;
let server: RunningServer;
const port = (): number => server.port;
const json = (value: unknown): string => JSON.stringify(value);

beforeAll(async () => {
  test = await testService({ loader: tinyLoader(), limits: { bodyBytes: most, fileBytes: most, bodySeconds: 0.4 } });
  server = await listen(test.service, { host: "127.0.0.1", port: 0, version: "0.0.0" });
  const home = join(test.folder, "local");
  await mkdir(join(home, "photos"), { recursive: true });
  await mkdir(join(test.folder, "bob"));
  await writeFile(join(test.folder, "bob", "hers.txt"), secret);
  await writeFile(join(test.folder, "..", "secret.txt"), secret);
  await writeFile(join(home, "photos", "a.txt"), "mine");
  await symlink(join(test.folder, "..", "secret.txt"), join(home, "link.txt"));
  await symlink(join(test.folder, ".."), join(home, "out"));
  await symlink(join(test.folder, "nowhere"), join(home, "dangling"));
  await symlink("/", join(home, "photos", "root"));
});
afterAll(async () => {
  await server.stop();
  await test.close();
});

/** The server lives, and nothing outside was touched. */
afterEach(async () => {
  expect((await rawRequest(port(), [head("GET", "/healthz")])).body).toBe('{"status":"ok"}');
  expect(await readFile(join(test.folder, "..", "secret.txt"), "utf8")).toBe(secret);
  expect(await readFile(join(test.folder, "bob", "hers.txt"), "utf8")).toBe(secret);
  expect((await readdir(join(test.folder, ".."))).sort()).toEqual(["secret.txt", "store"]);
  expect(test.lines.filter(({ level }) => Number(level) >= 50)).toEqual([]);
});

/** One error in the form of the face, of a status among the caller's faults, and not the secret. */
function expectRefused(reply: { status: number; body: string }, statuses: readonly number[]): void {
  expect(reply.body).not.toContain(secret);
  expect(statuses, reply.body).toContain(reply.status);
  const parsed = JSON.parse(reply.body);
  const message = parsed.detail ?? parsed.error.message;
  expect(message.length).toBeGreaterThan(10);
  expect(message).not.toContain(test.folder);
}

const climbing = [
  "../../secret.txt",
  "photos/../../../secret.txt",
  "photos/./../../secret.txt",
  "%2e%2e/%2e%2e/secret.txt",
  "%2E%2e/..%2fsecret.txt",
  "..%2f..%2fsecret.txt",
  "photos%2f..%2f..%2f..%2fsecret.txt",
  "%252e%252e/%252e%252e/secret.txt",
  "%252e%252e%252f%252e%252e%252fsecret.txt",
  "%25252e%25252e%25252fsecret.txt",
  "..\\..\\secret.txt",
  "..%5c..%5csecret.txt",
  "%2e%2e%255csecret.txt",
  "photos%5ca.txt",
  "a.txt%00.jpg",
  "a.txt%2500.jpg",
  "%00",
  "%c0%ae%c0%ae/secret.txt",
  "%e0%80%ae%e0%80%ae/secret.txt",
  "%ff%fe",
  "%u002e%u002e/../secret.txt",
  "%ef%bc%8e%ef%bc%8e/secret.txt", // ．．, wide
  "%ef%bc%8e%ef%bc%8e%ef%bc%8f%ef%bc%8e%ef%bc%8e%ef%bc%8fsecret.txt", // ．．／．．／
  "%e2%80%a5/secret.txt", // ‥
  "%e2%80%a4%e2%80%a4/secret.txt", // ․․
  "C:/secret.txt",
  "a%0ab.txt",
  "a%1bb.txt",
  "%e2%80%a8.txt",
  `${"x".repeat(256)}.txt`,
  `${"d/".repeat(80)}a.txt`,
];

describe("a path that leads elsewhere", () => {
  it.each(climbing)("%s", async (path) => {
    for (const base of [
      "/v1/data/.my/",
      "/v1/connector/data/.my/",
      "/v1/data/local/",
      "/v1/data/.session/",
      "/v1/data/",
    ])
      expectRefused(await rawRequest(port(), [head("GET", base + path)]), [400, 404]);
    for (const method of ["DELETE", "PUT", "POST", "PATCH"]) {
      const body = method === "PUT" ? "planted" : json({ name: "planted", acl: { read: [] } });
      const headers = [`Content-Length: ${body.length}`];
      expectRefused(await rawRequest(port(), [head(method, `/v1/data/.my/${path}`, headers), body]), [400, 404]);
    }
    const decoded = path.replaceAll("%00", "\0").replace(/%5c/gi, "\\").replace(/%2e/gi, ".").replace(/%2f/gi, "/");
    for (const name of [path, decoded]) {
      const body = json({ image_path: `data://.my/${name}` });
      const reply = await rawRequest(port(), [algorithm(body), body]);
      expectRefused({ ...reply, status: JSON.parse(reply.body).error === undefined ? 500 : 400 }, [400]);
    }
  });

  it.each([
    ["/v1/data//etc/passwd"],
    ["/v1/data/bob"],
    ["/v1/data/bob/hers.txt"],
    ["/v1/data/.my/bob/hers.txt"],
    ["/v1/data/.residual/access-lists.json"],
    ["/v1/data/.acl"],
    ["/v1/data/.session/../bob/hers.txt"],
    ["/v1/data/.algo/%2e%2e/bob/hers.txt"],
    ["http://localhost/v1/data/../../secret.txt"],
    ["//v1/data/.my/../../secret.txt"],
    ["/../../secret.txt"],
    ["/v1/features/../../../../secret.txt"],
    ["/v1/data/.my/photos/..;/..;/secret.txt"],
  ])("%s", async (target) => {
    for (const method of ["GET", "DELETE"]) expectRefused(await rawRequest(port(), [head(method, target)]), [400, 404]);
  });

  it("in the name of a new folder", async () => {
    for (const name of ["..", ".", "", "a/b", "../x", "a\\b", "a\0b", "%2e%2e", "．．", "\ud800", "x".repeat(300)]) {
      const body = json({ name });
      const reply = await rawRequest(port(), [
        head("POST", "/v1/data/.my", [`Content-Length: ${Buffer.byteLength(body)}`]),
        body,
      ]);
      expectRefused(reply, [400]);
    }
  });
});

describe("a symbolic link in the store", () => {
  it.each(["link.txt", "out/secret.txt", "out", "dangling", "photos/root/etc/hostname", "out/store/bob/hers.txt"])(
    "%s is not followed",
    async (path) => {
      for (const method of ["GET", "HEAD", "DELETE"]) {
        const reply = await rawRequest(port(), [
          head(method, `/v1/data/.my/${path}?force=true`, ["Connection: close"]),
        ]);
        expect([400, 404]).toContain(reply.status);
        expect(reply.body).not.toContain(secret);
      }
      expectRefused(
        await rawRequest(port(), [head("PUT", `/v1/data/.my/${path}`, ["Content-Length: 7"]), "planted"]),
        [400, 404],
      );
      const body = json({ image_path: `data://.my/${path}` });
      const reply = await rawRequest(port(), [algorithm(body), body]);
      expect(JSON.parse(reply.body).error.message).toMatch(/symbolic link|no such file/);
    },
  );

  it("is not listed, and goes alone when its folder is deleted", async () => {
    const listed = JSON.parse((await rawRequest(port(), [head("GET", "/v1/data/.my")])).body);
    expect(listed.folders).toEqual([{ name: "photos" }]);
    expect(listed.files).toEqual([]);
    await mkdir(join(test.folder, "local", "linked"));
    await symlink(join(test.folder, "bob"), join(test.folder, "local", "linked", "bob"));
    const reply = await rawRequest(port(), [head("DELETE", "/v1/data/.my/linked?force=true")]);
    expect(reply.status).toBe(200);
  });
});

/** A PNG of one chunk of data, with right sums. */
function png(width: number, height: number, data: Uint8Array): Buffer {
  const chunk = (type: string, content: Uint8Array): Buffer => {
    const body = Buffer.concat([Buffer.from(type), content]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(content.length);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", data), chunk("IEND", Buffer.alloc(0))]);
}

function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ -1) >>> 0;
}

function gif(width: number, height: number): Buffer {
  const bytes = Buffer.from("GIF89a\0\0\0\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\0\0\0\0\0\x02\x02\x44\x01\0;", "latin1");
  for (const at of [6, 24]) {
    bytes.writeUInt16LE(width, at);
    bytes.writeUInt16LE(height, at + 2);
  }
  return bytes;
}

async function jpegOfSize(width: number, height: number): Promise<Buffer> {
  const bytes = await readFile(fromRoot("examples/photos/clock.jpg"));
  const at = bytes.findIndex((byte, i) => byte === 0xff && [0xc0, 0xc2].includes(bytes[i + 1]!));
  bytes.writeUInt16BE(height, at + 5);
  bytes.writeUInt16BE(width, at + 7);
  return bytes;
}

describe("a decompression bomb", () => {
  it.each<[string, () => Buffer | Promise<Buffer>]>([
    ["a PNG of 60,000 × 60,000", () => png(60_000, 60_000, deflateSync(Buffer.alloc(1000)))],
    ["a PNG of 2^31 − 1 squared", () => png(2 ** 31 - 1, 2 ** 31 - 1, deflateSync(Buffer.alloc(1000)))],
    ["a GIF of 65,535 × 65,535", () => gif(65_535, 65_535)],
    ["a JPEG of 65,500 × 65,500", () => jpegOfSize(65_500, 65_500)],
  ])("%s", async (_, make) => {
    const bytes = await make();
    expect(bytes.length).toBeLessThan(most);
    const before = process.memoryUsage().rss;
    const headers = ["Content-Type: image/png", `Content-Length: ${bytes.length}`];
    const reply = await rawRequest(port(), [head("POST", "/v1/features", headers), bytes]);
    expectRefused(reply, [422]);
    expect(process.memoryUsage().rss - before).toBeLessThan(700e6);
  });

  it("a PNG of 8 × 8 with 500 MB in it is unpacked as far as its pixels go", async () => {
    const bytes = png(8, 8, deflateSync(Buffer.alloc(500_000_000), { level: 9 }));
    const before = process.memoryUsage().rss;
    const headers = ["Content-Type: image/png", `Content-Length: ${bytes.length}`];
    const reply = await rawRequest(port(), [head("POST", "/v1/features", headers), bytes]);
    expect(reply.status).toBe(200);
    expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
  });

  it("a compressed body is not unpacked", async () => {
    const bytes = gzipSync(Buffer.alloc(50_000_000));
    const headers = ["Content-Type: image/png", "Content-Encoding: gzip", `Content-Length: ${bytes.length}`];
    expectRefused(await rawRequest(port(), [head("POST", "/v1/features", headers), bytes]), [415]);
    expectRefused(await rawRequest(port(), [head("PUT", "/v1/data/.my/a.gz", headers), bytes]), [415]);
  });
});

const twoGigabytes = 2 * 2 ** 30;
const targets = [
  ["POST", "/v1/features"],
  ["POST", "/v1/algo/imageclassification/ResNetFeatureExtraction"],
  ["PUT", "/v1/data/.my/large.bin"],
  ["POST", "/v1/data/.my"],
] as const;

describe("a body of 2 GB", () => {
  it.each(targets)("%s %s, declared", async (method, target) => {
    const headers = ["Content-Type: application/octet-stream", `Content-Length: ${twoGigabytes}`];
    const reply = await rawRequest(port(), [head(method, target, headers), "the beginning"]);
    expectRefused(reply, [413]);
    expect(reply.milliseconds).toBeLessThan(5000);
  });

  it.each(targets)("%s %s, declared, with Expect", async (method, target) => {
    const headers = [`Content-Length: ${twoGigabytes}`, "Expect: 100-continue"];
    expectRefused(await rawRequest(port(), [head(method, target, headers)]), [413]);
  });

  it.each(targets)("%s %s, in chunks without end", async (method, target) => {
    const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
    function* body(): Generator<string> {
      yield head(method, target, ["Content-Type: application/octet-stream", "Transfer-Encoding: chunked"]);
      for (let sent = 0; sent < twoGigabytes; sent += 0x10000) yield chunk;
    }
    const reply = await rawRequest(port(), body());
    expectRefused(reply, [413]);
    expect(reply.sent).toBeLessThan(100 * most);
    const names = await readdir(join(test.folder, "local"));
    expect(names.filter((name) => name.includes("large") || name.includes("tmp"))).toEqual([]);
  });
});

/** Sends all of it, whatever comes meanwhile, and reads only then: what simple clients do. */
function sendThenRead(text: string, body: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port(), "127.0.0.1").on("error", reject);
    socket.write(text);
    socket.write(body, () => {
      setTimeout(() => {
        socket.setEncoding("utf8");
        socket.once("data", (answer) => {
          resolve(String(answer));
          socket.destroy();
        });
      }, 100);
    });
  });
}

it.each(targets)(
  "a body that is a little too large for %s %s is taken to its end, so that its sender reads the answer",
  async (method, target) => {
    const headers = ["Content-Type: application/octet-stream"];
    const bytes = Buffer.alloc(12 * most);
    const declared = await sendThenRead(head(method, target, [...headers, `Content-Length: ${bytes.length}`]), bytes);
    expect(declared).toMatch(/^HTTP\/1\.1 413 /);
    const chunk = Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n0\r\n\r\n")]);
    const chunked = await sendThenRead(head(method, target, [...headers, "Transfer-Encoding: chunked"]), chunk);
    expect(chunked).toMatch(/^HTTP\/1\.1 413 /);
  },
);

describe("a slow body", () => {
  it.each(targets)("%s %s, of which no byte comes", async (method, target) => {
    const headers = ["Content-Type: application/octet-stream", "Content-Length: 1000"];
    const reply = await rawRequest(port(), [head(method, target, headers)]);
    expectRefused(reply, [408]);
    expect(reply.head).toMatch(/^connection: close$/im);
  });

  it("a byte at a time", async () => {
    async function* drops(): AsyncGenerator<string> {
      yield head("PUT", "/v1/data/.my/slow.bin", ["Content-Length: 100000"]);
      for (let i = 0; i < 100; i++) {
        yield "x";
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
    expectRefused(await rawRequest(port(), drops()), [408]);
    expect(await readdir(join(test.folder, "local"))).not.toContain("slow.bin");
  });

  it("that breaks off", async () => {
    async function* part(): AsyncGenerator<string> {
      yield head("PUT", "/v1/data/.my/half.bin", ["Content-Length: 100000"]);
      yield "half";
    }
    await expect(rawRequest(port(), part(), 100)).rejects.toThrow("no answer"); // the helper closes the socket
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect((await readdir(join(test.folder, "local"))).filter((name) => name !== "photos")).not.toContain("half.bin");
    expect(test.service.admission.size).toBe(0);
  });
});

const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;
const photo = "data://.my/photos/a.txt";

/** A call of the algorithm with a JSON body. */
function algorithm(body: string, headers: readonly string[] = []): string {
  const all = ["Content-Type: application/json", `Content-Length: ${Buffer.byteLength(body)}`, ...headers];
  return head("POST", "/v1/algo/imageclassification/ResNetFeatureExtraction", all);
}

describe("JSON that is none, or more than that", () => {
  it.each([
    ["nested 10,000 deep", nested(10_000)],
    ["nested 500,000 deep", nested(500_000)],
    ["objects nested 10,000 deep", `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`],
    ["opened 400,000 times and never closed", "[".repeat(400_000)],
    ["__proto__", `{"__proto__": {"image_path": "${photo}"}}`],
    ["__proto__ beside the rest", `{"image_path": "${photo}", "__proto__": {"resnet_depth": 18}}`],
    ["constructor.prototype", `{"image_path": "${photo}", "constructor": {"prototype": {"resnet_depth": 18}}}`],
    ["toString as the depth", `{"image_path": "${photo}", "resnet_depth": "toString"}`],
    ["a list in a list", `{"image_path": [["${photo}"]]}`],
    ["an object as a path", `{"image_path": {"length": 1, "0": "${photo}"}}`],
    ["half a surrogate pair", '{"image_path": "data://.my/\\ud800"}'],
    ["a number without end", `{"image_path": "${photo}", "resnet_depth": 1e400}`],
    ["half an object", '{"image_path": '],
    ["nothing", ""],
    ["null", "null"],
    ["a depth in text", `{"image_path": "${photo}", "resnet_depth": "50"}`],
    ["a buffer of other than bytes", '{"type": "Buffer", "data": [1, 2, 256]}'],
    ["a path without an address", '{"image_path": "/etc/passwd"}'],
    ["a file address", '{"image_path": "file:///etc/passwd"}'],
    ["another store's", '{"image_path": "s3://bucket/a.jpg"}'],
  ])("%s", async (_, body) => {
    const reply = await rawRequest(port(), [algorithm(body), body]);
    expectRefused(reply, [200, 400]);
    expect(Object.hasOwn(Object.prototype, "image_path") || "resnet_depth" in {}).toBe(false);
    const features = ["Content-Type: application/json", `Content-Length: ${Buffer.byteLength(body)}`];
    expectRefused(await rawRequest(port(), [head("POST", "/v1/features", features), body]), [400]);
  });

  it("bytes that are not UTF-8", async () => {
    const body = Buffer.from('{"image_path": "data://.my/\xff"}', "latin1");
    const headers = ["Content-Type: application/json", `Content-Length: ${body.length}`];
    for (const target of ["/v1/features", "/v1/algo/imageclassification/ResNetFeatureExtraction"])
      expectRefused(await rawRequest(port(), [head("POST", target, headers), body]), [400]);
  });
});

describe("an address of the web", () => {
  it.each([
    "http://127.0.0.1/a.jpg",
    "http://169.254.169.254/latest/meta-data/",
    "https://example.com/a.jpg",
    "HTTP://[::1]/",
    "http:a",
  ])("%s is not asked", async (address) => {
    const body = json({ image_path: [address] });
    const reply = await rawRequest(port(), [algorithm(body), body]);
    expect(JSON.parse(reply.body).error.message).toMatch(/this server fetches no addresses/);
    const images = json({ images: [{ url: address }] });
    const headers = ["Content-Type: application/json", `Content-Length: ${images.length}`];
    expectRefused(await rawRequest(port(), [head("POST", "/v1/features", headers), images]), [400]);
  });
});

describe("a head with tricks", () => {
  it.each<[string, string, number]>([
    ["both lengths", head("POST", "/v1/features", ["Content-Length: 5", "Transfer-Encoding: chunked"]), 400],
    ["two lengths", head("POST", "/v1/features", ["Content-Length: 5", "Content-Length: 6"]), 400],
    ["a negative length", head("POST", "/v1/features", ["Content-Length: -1"]), 400],
    ["a length in hexadecimal", head("POST", "/v1/features", ["Content-Length: 0x10"]), 400],
    ["an unknown transfer encoding", head("POST", "/v1/features", ["Transfer-Encoding: gzip, chunked, identity"]), 400],
    ["a folded line", head("GET", "/healthz", ["X-A: b\r\n c: d"]), 400],
    ["a space before the colon", head("GET", "/healthz", ["Content-Length : 5"]), 400],
    ["a bare carriage return", head("GET", "/healthz", ["X-A: b\rX-B: c"]), 400],
    ["a NUL in a value", head("GET", "/healthz", ["X-A: b\0c"]), 400],
    ["no Host", "GET /healthz HTTP/1.1\r\n\r\n", 400],
    ["two Hosts", head("GET", "/healthz", ["Host: localhost", "Host: evil.example"]), 403],
    ["a Host that is none", head("GET", "/healthz", ["Host: a b/../c"]), 400],
    ["another's Host, without keys", head("GET", "/v1/data/.my", ["Host: evil.example"]), 403],
    ["a Host that begins like ours", head("GET", "/v1/data/.my", ["Host: localhost.evil.example"]), 403],
    ["another's Origin, without keys", head("GET", "/v1/data/.my", ["Origin: https://evil.example"]), 403],
    ["no Origin at all", head("GET", "/v1/data/.my", ["Origin: null"]), 403],
    ["40 kB of head", head("GET", "/healthz", [`X-A: ${"x".repeat(40_000)}`]), 431],
    [
      "5,000 lines of head",
      head(
        "GET",
        "/healthz",
        Array.from({ length: 5000 }, (_, i) => `X-${i}: y`),
      ),
      431,
    ],
    ["a method of nobody", head("BREW", "/v1/features"), 400],
    ["TRACE", head("TRACE", "/v1/features"), 405],
    ["another method", head("GET", "/v1/features"), 405],
    ["CONNECT", head("CONNECT", "evil.example:443", ["Host: evil.example:443"]), Number.NaN],
    ["another protocol", "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03 hello\r\n\r\n", 400],
    [
      "an empty boundary",
      head("POST", "/v1/features", ["Content-Type: multipart/form-data", "Content-Length: 0"]),
      400,
    ],
    [
      "an option that is none",
      head("POST", "/v1/features?depht=18", ["Content-Type: image/png", "Content-Length: 0"]),
      400,
    ],
  ])("%s", async (_, text, status) => {
    const reply = await rawRequest(port(), [text]);
    expect(reply.status).toEqual(status);
    if (reply.body !== "") expect(() => JSON.parse(reply.body)).not.toThrow();
  });

  it("a request's id that would break the log is not taken", async () => {
    for (const id of ["a b", "x".repeat(100), "<script>", '{"a":1}', "é"]) {
      const reply = await rawRequest(port(), [head("GET", "/healthz", [`X-Request-Id: ${id}`])]);
      expect(reply.head).toMatch(/^x-request-id: [0-9a-f-]{36}$/im);
    }
    const reply = await rawRequest(port(), [head("GET", "/healthz", ["X-Request-Id: mine.1_2-3"])]);
    expect(reply.head).toMatch(/^x-request-id: mine\.1_2-3$/im);
  });
});

it("a head without Host has an error as all others", async () => {
  const reply = await rawRequest(port(), ["GET /healthz HTTP/1.1\r\n\r\n"]);
  expect(reply.head).toMatch(/^content-type: application\/problem\+json/im);
  expect(reply.body).toContain("the request's host or path is not valid");
});

describe("a body of very many small things", () => {
  const form = (part: string): string => `${part.repeat(Math.floor((most - 10) / part.length))}--b--\r\n`;
  const ones = `[${new Array(400_000).fill(1).join()}]`;
  const features = "/v1/features";
  const algorithmTarget = "/v1/algo/imageclassification/ResNetFeatureExtraction";
  const asJson = "application/json";
  const asForm = "multipart/form-data; boundary=b";
  it.each<[string, string, string, string]>([
    ["files", features, asForm, form('--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n\r\n')],
    ["fields", features, asForm, form('--b\r\nContent-Disposition: form-data; name="f"\r\n\r\n\r\n')],
    ["files behind a feigned boundary", features, 'multipart/form-data; a=";boundary=c"; boundary=b', form("--b\r\n")],
    ["images that are none", features, asJson, `{"images": ${ones}}`],
    ["addresses that are none", algorithmTarget, asJson, `{"image_path": ${ones}}`],
    ["addresses", algorithmTarget, asJson, `{"image_path": [${new Array(70_000).fill('"data://.my"').join()}]}`],
  ])("%s", async (_, target, type, body) => {
    const headers = [`Content-Type: ${type}`, `Content-Length: ${body.length}`];
    const before = process.memoryUsage().rss;
    expectRefused(await rawRequest(port(), [head("POST", target, headers), body]), [200, 400]);
    expect(process.memoryUsage().rss - before).toBeLessThan(150e6);
  });

  it("slashes before a folder's name cost no more than others", async () => {
    await writeFile(join(test.folder, "local", "photos", "a.jpg"), "none");
    const body = json({ image_path: `data://.my${"/".repeat(500_000)}photos`, resnet_depth: 18 });
    const headers = { "Content-Type": "application/json" };
    // Time in the square of them would be minutes.
    const reply = await test.app.request(algorithmTarget, { method: "POST", headers, body });
    expect((await reply.json()).result[0].image_path).toBe("data://.my/photos/a.jpg");
  });

  it("chunks of one byte are held as the bytes that they are", async () => {
    const budget = new BodyBudget(most);
    let left = 300_000;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => (left-- > 0 ? controller.enqueue(new Uint8Array(1)) : controller.close()),
    });
    const request: Request = new Response(body) as object as Request; // what is read of it is the same
    const { bytes, release } = await budget.read(request, { most, seconds: 60, option: "--max-body" });
    expect([bytes.length, bytes.buffer.byteLength, budget.held]).toEqual([300_000, 2 ** 19, 300_000]);
    release();
    expect(budget.held).toBe(0);
  });
});
