/** The server's end, over a socket: what was accepted is finished. */
import { mkdir, truncate, writeFile } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import { testService } from "../../test/support/test-service.ts";
import { listen } from "./serve.ts";

it("sends a file of the store to its end when it is told to stop meanwhile", async () => {
  const test = await testService();
  const server = await listen(test.service, { host: "127.0.0.1", port: 0, version: "0.0.0" });
  const size = 2 ** 26; // more than the sockets' buffers take
  await mkdir(join(test.folder, "local"));
  await writeFile(join(test.folder, "local", "large.bin"), "");
  await truncate(join(test.folder, "local", "large.bin"), size);
  const reply = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ host: "127.0.0.1", port: server.port, path: "/v1/data/.my/large.bin" }, resolve).on("error", reject);
  });
  const stopped = server.stop();
  await pause(2500); // longer than an answer that nobody reads is waited for without a grace
  let received = 0;
  for await (const chunk of reply) received += chunk.length;
  expect(received).toBe(size);
  await stopped;
  await test.close();
});
