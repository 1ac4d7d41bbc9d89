import { afterEach, expect, it } from "vitest";
import { EngineProcess } from "./engine-process.ts";

const started: EngineProcess[] = [];
afterEach(async () => {
  for (const process of started.splice(0)) await process.stop();
});

function start(script: string): EngineProcess {
  const process_ = new EngineProcess(process.execPath, ["-e", script]);
  started.push(process_);
  return process_;
}

const answering = `
const answer = (value) => require("node:fs").writeSync(3, JSON.stringify(value) + "\\n");
console.log("a package's banner");
answer({ version: "1.0", threads: 2 });
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  answer({ milliseconds: Array(Number(line)).fill(1), output: [Number(line)] });
});`;

it("an engine answers as often as it is asked, whatever it prints, and ends when it is stopped", async () => {
  const engine = start(answering);
  expect(await engine.ready()).toEqual({ version: "1.0", threads: 2 });
  expect(await engine.run(3)).toEqual({ milliseconds: [1, 1, 1], output: [3] });
  expect(await engine.run(1)).toEqual({ milliseconds: [1], output: [1] });
  if (process.platform === "linux") expect(engine.cpuMilliseconds()).toBeGreaterThan(0);
  await engine.stop();
  await engine.stop();
});

it("an engine that ends is an error with what it said last", async () => {
  const engine = start(answering.replace("answer({ milliseconds", 'throw new Error("out of paper"); ({ milliseconds'));
  await engine.ready();
  await expect(engine.run(1)).rejects.toThrow(/ended with 1:[\s\S]*out of paper/);
});

it("a command that is not there is an error", async () => {
  const engine = new EngineProcess("no-such-command-of-residual", []);
  started.push(engine);
  await expect(engine.ready()).rejects.toThrow(/ENOENT/);
});
