/**
 * Requests from Node, Deno and Bun, through the proxies that HTTPS_PROXY, HTTP_PROXY and NO_PROXY (or their lower-case twins) name. Deno and
 * Bun obey these by themselves; Node's fetch does not unless it was started so, and takes undici's agent. Part of node.ts.
 */
import { messageOf } from "./byte-source.ts";
import { type FetchBounds, fetchBounded } from "./fetch-bytes.ts";
import { HttpFailure, type RequestHead } from "./http.ts";

/** Chunked ends, compression and redirects are fetch's; compression is not wanted, since ranges and lengths are those of the file. */
export async function request(url: URL, { headers, signal }: RequestHead): Promise<Response> {
  const init = { headers: { "accept-encoding": "identity", "user-agent": "residual", ...headers }, signal };
  const ownProxies = "deno" in process.versions || "bun" in process.versions;
  if (ownProxies || !proxyNames.some((name) => environment(name))) return fetch(url, init);
  const { fetch: fetchBy, EnvHttpProxyAgent } = await import("undici");
  try {
    // Plain http goes to a proxy as a request, not through a tunnel: most proxies refuse tunnels to port 80.
    agent ??= new EnvHttpProxyAgent({ proxyTunnel: false });
  } catch (cause) {
    // Without the cause: whoever speaks of images says the innermost reason alone.
    throw new HttpFailure(`the proxy's address is none (${proxyNames.join(", ")}): ${messageOf(cause)}`, "never");
  }
  return (await fetchBy(url, { ...init, dispatcher: agent })) as object as Response;
}

const proxyNames = ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY"];
let agent: import("undici").Dispatcher | undefined;

export function environment(name: string): string | undefined {
  const value = process.env[name];
  return value === "" ? undefined : value;
}

/** What an http:, https: or data: address gives, whole and within bounds. */
export function fetchBytes(url: string, bounds: FetchBounds): Promise<Uint8Array<ArrayBuffer>> {
  return fetchBounded(request, url, bounds);
}
