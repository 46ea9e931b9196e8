/**
 * What is going on, kept from events: the state both the terminal and the plain reporter draw. The clock is given,
 * so that a test can set it.
 */
import type { RunEvent } from "../../index.ts";
import { counted, formatBytes } from "../format.ts";
import { printable } from "../printable.ts";
import { dedupLine } from "./dedup.ts";
import { overallLine, type SegmentState, segmentLine } from "./lines.ts";

type Counts = Extract<RunEvent, { type: "progress" }>["sources"][number]["counts"];

interface Segment {
  readonly phase: string;
  readonly subject: string;
  readonly source: string | undefined;
  readonly tasks: number;
  readonly bytes: number | undefined;
  /** Read before this attempt. */
  readonly bytesBefore: number;
  readonly tasksBefore: number;
  readonly startedAt: number;
  done: number;
  reused: number;
}

/** How far all of the run is. */
interface Whole {
  readonly startedAt: number;
  readonly doneBefore: number;
  readonly bytesBefore: number;
  done: number;
  total: number;
  bytes: number;
}

export class Segments {
  readonly #active = new Map<string, Segment>();
  readonly #counts = new Map<string, Counts>();
  readonly #now: () => number;
  /** Said once there is something to do: a run that is done says so in one line. */
  #opening: string[] = [];
  #name = "";
  #whole: Whole | undefined;
  #stopping: string | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes an event in; returns lines worth keeping, if it has any. */
  take(event: RunEvent): readonly string[] {
    switch (event.type) {
      case "run_started":
        this.#name = event.plan.name;
        this.#opening.push(startedText(event));
        return [];
      case "warning":
        return this.#hold(`warning: ${printable(event.message)}`);
      case "run_changed":
        return this.#open(changedText(event));
      case "repair":
        return this.#open(`repair: ${printable(event.what)}`);
      case "dedup_decided":
        return this.#open(dedupLine(event.verdict));
      case "phases":
        this.#setWhole(event);
        return [];
      case "phase_started":
        this.#start(event);
        return this.#open();
      case "task_done": {
        const segment = this.#active.get(key(event));
        if (segment !== undefined) {
          segment.done++;
          segment.reused += Number(event.reused);
        }
        return [];
      }
      case "phase_done": {
        const segment = this.#active.get(key(event));
        this.#active.delete(key(event));
        return segment === undefined ? [] : [this.#finished(segment)];
      }
      case "progress":
        for (const { name, counts } of event.sources) this.#counts.set(name, counts);
        return [];
      default:
        return [];
    }
  }

  /** Says in the line of the whole run that it is ending. */
  stopping(): void {
    this.#stopping = "stopping";
  }

  /** One line for each active segment, as many as fit, and one for the whole run. */
  lines(width: number, height = Number.POSITIVE_INFINITY): string[] {
    if (this.#whole === undefined) return [];
    const segments = [...this.#active.values()];
    const shown = segments.length + 1 <= height ? segments : segments.slice(0, Math.max(0, height - 2));
    const hidden = segments.length - shown.length;
    return [
      ...shown.map((segment) => segmentLine(this.#state(segment), width)),
      ...(hidden > 0 ? [`… ${counted(hidden, "other phase")}`.slice(0, width)] : []),
      overallLine(this.#wholeState(this.#whole), width),
    ];
  }

  /** Kept back until it is known that something is to be done. */
  #hold(line: string): readonly string[] {
    if (this.#opening.length === 0) return [line];
    this.#opening.push(line);
    return [];
  }

  #open(...lines: readonly string[]): readonly string[] {
    const opening = this.#opening;
    this.#opening = [];
    return [...opening, ...lines];
  }

  #start(event: Extract<RunEvent, { type: "phase_started" }>): void {
    const { phase, subject, source, tasks, done, bytes, done_bytes = 0 } = event;
    const before = { tasksBefore: done, bytesBefore: done_bytes, startedAt: this.#now() };
    this.#active.set(key(event), { phase, subject, source, tasks, bytes, ...before, done, reused: done });
  }

  #setWhole({ done, total, bytes, done_bytes }: Extract<RunEvent, { type: "phases" }>): void {
    if (this.#whole === undefined) {
      const before = { startedAt: this.#now(), doneBefore: done, bytesBefore: done_bytes };
      this.#whole = { ...before, done, total, bytes };
    } else Object.assign(this.#whole, { done, total, bytes });
  }

  #finished(segment: Segment): string {
    const seconds = (this.#now() - segment.startedAt) / 1000;
    const reused = segment.reused > 0 ? `, ${segment.reused} done before` : "";
    const counts = segment.source === undefined ? undefined : this.#counts.get(segment.source);
    const isWhole = segment.reused === 0 && counts !== undefined && counts.rows > 0;
    const kept = isWhole ? `, ${formatBytes(counts.text_bytes)} kept` : "";
    const head = `${segment.phase.padEnd(8)}${segment.subject}`;
    return `${head}: ${counted(segment.tasks, "task")} in ${seconds.toFixed(1)} s${kept}${reused}`;
  }

  #state(segment: Segment): SegmentState {
    const seconds = Math.max(0.001, (this.#now() - segment.startedAt) / 1000);
    const { phase, subject, tasks, done, bytes, bytesBefore, tasksBefore } = segment;
    const counts = segment.source === undefined ? undefined : this.#counts.get(segment.source);
    const head = { phase, subject, seconds, tasks, done };
    if (bytes === undefined || bytes === 0 || counts === undefined) {
      const ratio = tasks === 0 ? 1 : done / tasks;
      return { ...head, ratio, fresh: tasks === 0 ? 0 : (done - tasksBefore) / tasks };
    }
    const fresh = counts.bytes / bytes;
    const ratio = Math.min(1, (bytesBefore + counts.bytes) / bytes);
    const rates = { bytes: counts.bytes, rows: counts.rows, kept: counts.kept };
    return { ...head, ratio, fresh, ...(counts.rows > 0 && { counts: rates }) };
  }

  #wholeState(whole: Whole) {
    const read = [...this.#counts.values()].reduce((sum, counts) => sum + counts.bytes, 0);
    return {
      name: this.#name,
      seconds: (this.#now() - whole.startedAt) / 1000,
      done: whole.done,
      total: whole.total,
      doneBefore: whole.doneBefore,
      bytes: whole.bytes,
      bytesBefore: whole.bytesBefore,
      bytesRead: Math.min(whole.bytes, whole.bytesBefore + read),
      stopping: this.#stopping !== undefined,
    };
  }
}

function startedText({ plan, workers }: Extract<RunEvent, { type: "run_started" }>): string {
  return `run ${plan.name}: plan ${plan.fingerprint}, ${counted(workers, "worker")}`;
}

function changedText({ reasons, finished }: Extract<RunEvent, { type: "run_changed" }>): string {
  const fate = finished
    ? "what stands there is finished, and stays until this is"
    : "what stands there was not finished, and makes way";
  const lines = [`the run of this name was of another plan; ${fate}`, ...reasons.map((reason) => `  ${reason}`)];
  return printable(lines.join("\n"));
}

function key(event: { readonly phase: string; readonly subject: string }): string {
  return `${event.phase}\n${event.subject}`;
}
