// The smoke program for runtimes with a command line: `node command.ts DEVICE PHOTO…` prints one line of JSON.
import process from "node:process";
import { type Device, smoke } from "./smoke.ts";

const [device, ...photos] = process.argv.slice(2);
const { deno, bun, node } = process.versions;
const result = await smoke(device as Device, photos);
console.log(JSON.stringify({ ...result, version: deno ?? bun ?? node }));
