/**
 * Where the time of a run went: phases with their beginnings and ends, and the parts that workers spent theirs on.
 *
 * Kept beside the plan as `times.json`, of the last attempt that did anything. It is the one file of a run that differs between equal runs, so nothing is made from it but what
 * people look at. Price: a reading of the clock a phase.
 */
import fs from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { commitBytes } from "../io/local/commit.ts";
import { runFiles } from "../store/layout.ts";
import type { RunEvent } from "../workers/events.ts";

const amount = z.number().nonnegative();

const timesSchema = z.object({
  schema: z.literal(1),
  workers: amount,
  seconds: amount,
  phases: z.array(
    z.object({
      phase: z.string(),
      subject: z.string(),
      /** Of the attempt. */
      from_ms: amount,
      to_ms: amount,
      /** Of a phase that reads input: the bytes that it read. */
      bytes: amount.optional(),
    }),
  ),
  /** Seconds of all workers together. */
  parts: z.array(z.object({ part: z.string(), seconds: amount })),
});
export type RunTimes = z.output<typeof timesSchema>;

/** Watches the events of an attempt. */
export class RunClock {
  readonly #started = performance.now();
  readonly #phases: { phase: string; subject: string; from_ms: number; to_ms?: number; bytes?: number }[] = [];

  watch(event: RunEvent): void {
    if (event.type !== "phase_started" && event.type !== "phase_done") return;
    const { phase, subject } = event;
    const now = Math.round(performance.now() - this.#started);
    const open = this.#phases.find((one) => one.phase === phase && one.subject === subject && one.to_ms === undefined);
    if (event.type === "phase_started" && open === undefined) {
      const bytes = event.bytes === undefined ? {} : { bytes: event.bytes - (event.done_bytes ?? 0) };
      this.#phases.push({ phase, subject, from_ms: now, ...bytes });
    } else if (event.type === "phase_done" && open !== undefined) open.to_ms = now;
  }

  times(workers: number, parts: Extract<RunEvent, { type: "time_spent" }>["parts"]): RunTimes {
    const seconds = Math.round(performance.now() - this.#started) / 1000;
    return {
      schema: 1,
      workers,
      seconds,
      phases: this.#phases.map((phase) => ({ ...phase, to_ms: phase.to_ms ?? seconds * 1000 })),
      parts: parts.map(({ part, seconds: spent }) => ({ part, seconds: Math.round(spent * 1000) / 1000 })),
    };
  }
}

export function saveTimes(folder: string, times: RunTimes): void {
  commitBytes(join(folder, runFiles.times), Buffer.from(`${JSON.stringify(times, null, 1)}\n`));
}

/** Undefined where nobody kept them: runs of several hosts, and of versions that kept none. */
export function readTimes(folder: string): RunTimes | undefined {
  try {
    return timesSchema.parse(JSON.parse(fs.readFileSync(join(folder, runFiles.times), "utf8")));
  } catch {
    return undefined;
  }
}
