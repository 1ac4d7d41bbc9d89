/** Addresses of the web that a caller names: which are asked, and which never; by name, by redirect, by whatever spelling. No outside network. */
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo, LookupFunction } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FetchOptions, fetchImage } from "./fetch-image.ts";
import { isPublicAddress } from "./public-address.ts";

const signal = new AbortController().signal;
let server: Server;
let base: string;
let asked: string[] = [];
const handlers: Record<string, RequestListener> = {
  "/image": (_, reply) => reply.end("the bytes"),
  "/missing": (_, reply) => reply.writeHead(404).end(),
  "/large": (_, reply) => reply.end(Buffer.alloc(5000)),
  "/said-large": (_, reply) => reply.writeHead(200, { "Content-Length": "5000000" }).flushHeaders(),
  "/endless": (_, reply) => {
    const timer = setInterval(() => reply.write(Buffer.alloc(500)), 5);
    reply.on("close", () => clearInterval(timer));
  },
  "/breaks": (_, reply) => {
    reply.writeHead(200, { "Content-Length": "100" });
    reply.write("half", () => reply.destroy());
  },
  "/silent": () => undefined,
  "/circle": (_, reply) => reply.writeHead(302, { Location: "/circle" }).end(),
  "/moved": (_, reply) => reply.writeHead(301, { Location: "/image" }).end(),
  "/to-loopback": (_, reply) => reply.writeHead(302, { Location: "http://127.0.0.2/" }).end(),
  "/to-metadata": (_, reply) => reply.writeHead(307, { Location: "http://169.254.169.254/latest/meta-data/" }).end(),
  "/to-name": (_, reply) => reply.writeHead(302, { Location: "http://inside.example/" }).end(),
  "/to-file": (_, reply) => reply.writeHead(302, { Location: "file:///etc/passwd" }).end(),
  "/to-nothing": (_, reply) => reply.writeHead(302, { Location: "http://[" }).end(),
  "/to-user": (_, reply) => reply.writeHead(302, { Location: "http://a:b@example.com/" }).end(),
};

/** Names of this test's own net. */
const names: Record<string, string[]> = {
  "inside.example": ["10.0.0.7"],
  "two-faced.example": ["93.184.216.34", "127.0.0.1"],
  "six.example": ["fd00::1"],
  "mapped.example": ["::ffff:127.0.0.1"],
  "metadata.google.internal": ["169.254.169.254"],
};
const lookup = ((name, _, done) => {
  const found = names[name];
  if (!found) return done(Object.assign(new Error("no such name"), { code: "ENOTFOUND" }), []);
  done(
    null,
    found.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
  );
}) as LookupFunction as FetchOptions["lookup"];

beforeAll(async () => {
  server = createServer((request, reply) => {
    asked.push(request.url!);
    handlers[request.url!]!(request, reply);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** As the server asks, but that this test's own server counts as public. */
const fetched = (address: string, more: Partial<FetchOptions> = {}): Promise<Uint8Array> =>
  fetchImage(address, {
    most: 1000,
    signal,
    lookup,
    isAllowed: (ip) => ip === "127.0.0.1" || isPublicAddress(ip),
    ...more,
  });

describe("an address that is never asked", () => {
  it.each([
    ...["http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f.0.0.1/", "http://0177.0.0.1/"],
    ...[
      "http://0.0.0.0/",
      "http://0/",
      "http://10.1.2.3/",
      "http://172.16.0.1/",
      "http://172.31.255.255/",
      "http://192.168.1.1/",
    ],
    ...["http://169.254.169.254/latest/meta-data/", "http://100.64.0.1/", "http://198.18.0.1/", "http://224.0.0.1/"],
    ...[
      "http://255.255.255.255/",
      "http://[::1]/",
      "http://[::]/",
      "http://[::ffff:127.0.0.1]/",
      "http://[::ffff:a9fe:a9fe]/",
    ],
    ...[
      "http://[fe80::1]/",
      "http://[fc00::1]/",
      "http://[fd00:ec2::254]/",
      "http://[ff02::1]/",
      "http://[64:ff9b::7f00:1]/",
    ],
    ...["http://[2002:7f00:1::]/", "http://[2001:db8::1]/", "http://１２７.０.０.１/"],
  ])("%s", async (address) => {
    await expect(fetchImage(address, { most: 1000, signal })).rejects.toMatchObject({
      status: 400,
      code: "bad-address",
    });
  });

  it.each([
    "ftp://example.com/",
    "file:///etc/passwd",
    "data:image/png;base64,",
    "javascript:1",
    "http://",
    "//example.com",
    "http://a:b@example.com/",
  ])("%s", async (address) => {
    await expect(fetched(address)).rejects.toMatchObject({ status: 400, code: "bad-address" });
  });

  it.each(["inside.example", "two-faced.example", "six.example", "mapped.example", "metadata.google.internal"])(
    "what %s means",
    async (name) => {
      for (const scheme of ["http", "https"])
        await expect(fetchImage(`${scheme}://${name}/`, { most: 1000, signal, lookup })).rejects.toMatchObject({
          ...{ status: 400, code: "bad-address" },
          message: `"${scheme}://${name}/": is not of the public internet, and only that is asked for callers`,
        });
    },
  );

  it("localhost, by the system's own resolver", async () => {
    await expect(fetchImage("http://localhost/", { most: 1000, signal })).rejects.toMatchObject({
      code: "bad-address",
    });
  });

  it.each(["/to-loopback", "/to-metadata", "/to-name", "/to-file", "/to-user"])("where %s leads", async (path) => {
    asked = [];
    await expect(fetched(base + path)).rejects.toMatchObject({ status: 400, code: "bad-address" });
    expect(asked).toEqual([path]);
  });
});

describe("an address that may be asked", () => {
  it("gives its bytes, through a redirect too", async () => {
    for (const path of ["/image", "/moved"])
      expect(new TextDecoder().decode(await fetched(base + path))).toBe("the bytes");
  });

  it.each([
    ["/missing", "answers 404 instead of 200"],
    ["/large", "has more than 1000 bytes"],
    ["/said-large", "has more than 1000 bytes"],
    ["/endless", "has more than 1000 bytes"],
    ["/breaks", "cannot be had"],
    ["/circle", "leads through more than 5 redirects"],
    ["/to-nothing", "leads to an address that is none"],
  ])("%s is an error of the image", async (path, message) => {
    await expect(fetched(base + path)).rejects.toMatchObject({
      ...{ status: 422, code: "not-readable" },
      message: expect.stringContaining(message),
    });
  });

  it("a name that there is not, a port where nobody is", async () => {
    await expect(fetched("http://nowhere.example/")).rejects.toThrow("cannot be had (ENOTFOUND)");
    await expect(fetched("http://127.0.0.1:1/")).rejects.toThrow("cannot be had (ECONNREFUSED)");
  });

  it("ends with the signal's reason", async () => {
    const abort = new AbortController();
    const reason = new Error("no longer wanted");
    setTimeout(() => abort.abort(reason), 50);
    await expect(fetched(`${base}/silent`, { signal: abort.signal })).rejects.toBe(reason);
  });
});
