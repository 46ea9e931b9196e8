/**
 * Which tasks are to be done: asked from the end of a plan backwards, as `make` does it.
 *
 * A phase whose products nobody asks for is left alone, whatever is gone of it; a task is to be done when its marker or a file somebody asks
 * for is not there. Invariant: a phase is ready when everything its undone tasks read is there. Price: one look a task and product.
 */
import type { Markers } from "../markers.ts";
import type { Need, PhaseSpec } from "./phase.ts";

/** What is known of a phase that somebody asked for. */
export interface Demanded {
  /** Tasks that are to be done; undefined where they cannot be counted yet. */
  undone: Set<number> | undefined;
  /** Of those, tasks that were done once: what they left was removed since. */
  removed: number;
  /** Whether something that its undone tasks read is not there. */
  blocked: boolean;
}

export class Demand {
  readonly phases = new Map<PhaseSpec, Demanded>();
  /** What the markers say that the run must end with: the first of them. */
  failure: unknown;
  readonly #markers: Markers;
  readonly #answers = new Map<PhaseSpec, Map<string, boolean>>();
  /** Phases all of whose markers are there. */
  readonly #marked = new Set<PhaseSpec>();

  constructor(markers: Markers) {
    this.#markers = markers;
  }

  /** Asks for something, and for all that is read to make it where it is not there. Returns whether it is there. */
  ask(need: Need): boolean {
    if (need.tasks !== undefined) return this.#answer(need);
    const answers = this.#answers.get(need.phase) ?? new Map<string, boolean>();
    this.#answers.set(need.phase, answers);
    const name = typeof need.left === "string" ? need.left : `files: ${need.left.what}`;
    const known = answers.get(name);
    if (known !== undefined) return known;
    const answer = this.#answer(need);
    answers.set(name, answer);
    return answer;
  }

  /** What of `need` is not there; undefined where that cannot be said yet. Asks for nothing. */
  missing({ phase, tasks, left }: Need): readonly number[] | undefined {
    if (tasks !== undefined) return tasks.filter((task) => !this.#isThere(phase, task, left));
    const count = phase.count();
    if (count === undefined) return undefined;
    const missing: number[] = [];
    for (let task = 0; task < count; task++) if (!this.#isThere(phase, task, left)) missing.push(task);
    return missing;
  }

  #answer(need: Need): boolean {
    const { phase } = need;
    const demanded = this.phases.get(phase) ?? { undone: new Set(), removed: 0, blocked: false };
    this.phases.set(phase, demanded);
    try {
      const missing = this.missing(need);
      if (missing?.length === 0) {
        if (need.tasks === undefined) this.#marked.add(phase);
        return true;
      }
      this.#open(phase, demanded, missing);
    } catch (error) {
      this.failure ??= error;
      demanded.undone = undefined;
      demanded.blocked = true;
    }
    return false;
  }

  #open(phase: PhaseSpec, demanded: Demanded, missing: readonly number[] | undefined): void {
    if (missing === undefined) demanded.undone = undefined;
    const fresh = missing?.filter((task) => demanded.undone?.has(task) === false);
    for (const task of fresh ?? []) {
      demanded.undone?.add(task);
      const { folder, name } = phase.place(task);
      if (this.#markers.has(folder, name)) demanded.removed++;
    }
    for (const need of phase.needs(fresh)) if (!this.ask(need)) demanded.blocked = true;
  }

  #isThere(phase: PhaseSpec, task: number, left: Need["left"]): boolean {
    const place = phase.place(task);
    if (left === "facts") return this.#markers.facts(place) !== undefined;
    if (left === "whole") return this.#markers.whole(place);
    const { folder, name } = place;
    return (
      (this.#marked.has(phase) || this.#markers.has(folder, name)) &&
      left.files(task).every((file) => this.#markers.has(folder, file))
    );
  }
}
