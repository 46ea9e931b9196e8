/**
 * Which process this is, in words that another process can check: for temporary files and locks on a disk that many hosts share.
 *
 * A process id alone means little: it is used again, and every container counts its own. So a machine is a host, its boot and its
 * namespace of process ids, and a process is a number there with the time it started. Where the system does not tell (no /proc), the host
 * and the number have to do.
 */
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";

export interface ProcessName {
  /** Letters, digits and `-` only. */
  readonly machine: string;
  readonly pid: number;
  /** When it started, in clock ticks of its machine; 0 where that is not known. */
  readonly start: number;
}

let own: ProcessName | undefined;

/** This process; the same in all its threads. */
export function thisProcess(): ProcessName {
  own ??= { machine: machineName(), pid: process.pid, start: lookUp(process.pid)?.start ?? 0 };
  return own;
}

/** Whether a process lives; `unknown` for one of another machine. */
export function stateOf({ machine, pid, start }: ProcessName): "alive" | "dead" | "unknown" {
  if (machine !== thisProcess().machine) return "unknown";
  if (thisProcess().start === 0 || start === 0) return answersSignal(pid) ? "alive" : "dead";
  const found = lookUp(pid);
  return found !== undefined && found.start === start && !found.ended ? "alive" : "dead";
}

function machineName(): string {
  const host =
    os
      .hostname()
      .replaceAll(/[^A-Za-z0-9]+/g, "-")
      .slice(0, 40) || "host";
  const parts = [readText("/proc/sys/kernel/random/boot_id"), readLink("/proc/self/ns/pid")];
  if (parts.every((part) => part === undefined)) return host;
  return `${host}-${createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 8)}`;
}

/** From `/proc/PID/stat`: everything after the command in brackets, which may hold blanks and brackets itself. */
function lookUp(pid: number): { readonly start: number; readonly ended: boolean } | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { start: Number(fields[19]), ended: fields[0] === "Z" || fields[0] === "X" };
}

function answersSignal(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function readText(path: string): string | undefined {
  try {
    return fs.readFileSync(path, "latin1").trim();
  } catch {
    return undefined;
  }
}

function readLink(path: string): string | undefined {
  try {
    return fs.readlinkSync(path);
  } catch {
    return undefined;
  }
}
