/** Names of files that are being written: whose they are stands in them, so that what a dead process left can be told and swept. */
import { randomBytes } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { type ProcessName, thisProcess } from "./process.ts";

const PATTERN = /^\..+\.([A-Za-z0-9-]+)\.(\d+)\.(\d+)\.[0-9a-f]{12}\.tmp$/;

/** A name beside `target` that nobody else has: `.NAME.MACHINE.PID.START.RANDOM.tmp`. */
export function temporaryName(target: string): string {
  const { machine, pid, start } = thisProcess();
  const random = randomBytes(6).toString("hex");
  return join(dirname(target), `.${basename(target)}.${machine}.${pid}.${start}.${random}.tmp`);
}

/** Who writes the file of this name; undefined where it is no temporary file. */
export function writerOf(name: string): ProcessName | undefined {
  const [, machine, pid, start] = PATTERN.exec(name) ?? [];
  return machine === undefined ? undefined : { machine, pid: Number(pid), start: Number(start) };
}
