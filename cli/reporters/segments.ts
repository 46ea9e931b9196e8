/** What is going on, kept from events: the state both the terminal and the plain reporter draw. */
import type { RunEvent } from "../../index.ts";
import { formatBytes, formatCount, formatDuration, formatPercent } from "../format.ts";

interface Segment {
  readonly phase: string;
  readonly subject: string;
  readonly tasks: number;
  readonly startedAt: number;
  done: number;
  reused: number;
}

interface Rates {
  rows: number;
  kept: number;
  text_bytes: number;
}

export class Segments {
  readonly #active = new Map<string, Segment>();
  readonly #counts = new Map<string, Rates>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes an event in; returns a line worth keeping, if the event is one. */
  take(event: RunEvent): string | undefined {
    switch (event.type) {
      case "run_started":
        return `run ${event.plan.name}: plan ${event.plan.fingerprint}, ${event.workers} workers`;
      case "warning":
        return `warning: ${event.message}`;
      case "run_changed":
        return changed(event);
      case "repair":
        return `repair: ${event.what}`;
      case "phase_started":
        this.#active.set(key(event), { ...event, startedAt: this.#now(), reused: event.done });
        return undefined;
      case "task_done": {
        const segment = this.#active.get(key(event));
        if (segment !== undefined) {
          segment.done++;
          segment.reused += Number(event.reused);
        }
        return undefined;
      }
      case "phase_done": {
        const segment = this.#active.get(key(event));
        this.#active.delete(key(event));
        return segment === undefined ? undefined : this.#finished(segment);
      }
      case "progress":
        for (const { name, counts } of event.sources) this.#counts.set(name, counts);
        return undefined;
      case "run_done":
        return undefined;
    }
  }

  /** One line per active segment. */
  lines(width: number): string[] {
    return [...this.#active.values()].map((segment) => this.#line(segment, width));
  }

  #finished(segment: Segment): string {
    const seconds = (this.#now() - segment.startedAt) / 1000;
    const reused = segment.reused > 0 ? `, ${segment.reused} done before` : "";
    const counts = segment.phase === "ingest" ? this.#counts.get(segment.subject) : undefined;
    const rate = counts === undefined || segment.reused > 0 ? "" : `, ${formatBytes(counts.text_bytes)} kept`;
    return `${segment.phase.padEnd(8)}${segment.subject}: ${segment.tasks} tasks in ${seconds.toFixed(1)} s${rate}${reused}`;
  }

  #line(segment: Segment, width: number): string {
    const seconds = Math.max(0.001, (this.#now() - segment.startedAt) / 1000);
    const ratio = segment.tasks === 0 ? 1 : segment.done / segment.tasks;
    const fresh = segment.done - segment.reused;
    const left = fresh > 0 ? (seconds / fresh) * (segment.tasks - segment.done) : Number.NaN;
    const counts = segment.phase === "ingest" ? this.#counts.get(segment.subject) : undefined;
    const rates =
      counts === undefined || counts.rows === 0
        ? ""
        : `  ${formatCount(counts.rows / seconds)} docs/s  ${formatBytes(counts.text_bytes / seconds)}/s  kept ${formatPercent(counts.kept / counts.rows, 0)}`;
    const bar = "█".repeat(Math.round(ratio * 16)).padEnd(16, "░");
    const text = `${segment.phase.padEnd(8)}${segment.subject.slice(0, 28).padEnd(28)} ${bar} ${segment.done}/${segment.tasks}${rates}  ETA ${formatDuration(left)}`;
    return text.slice(0, width);
  }
}

function changed({ reasons, finished }: Extract<RunEvent, { type: "run_changed" }>): string {
  const fate = finished
    ? "what stands there is finished, and stays until this is"
    : "what stands there was not finished, and makes way";
  return [`the run of this name was of another plan; ${fate}`, ...reasons.map((reason) => `  ${reason}`)].join("\n");
}

function key(event: { readonly phase: string; readonly subject: string }): string {
  return `${event.phase}\n${event.subject}`;
}
