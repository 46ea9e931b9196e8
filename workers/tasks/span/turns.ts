/**
 * Work that takes its turn: as much at once as is allowed, the rest in the order that it came.
 *
 * Invariant: who waits longest goes next. Price: a promise a piece of work.
 */

/** Entries that have gone on before the queue is made short again. */
const MAX_GONE = 1024;

export class Turns {
  readonly #limit: number;
  readonly #queue: (() => void)[] = [];
  /** Of the queue: who went on. */
  #next = 0;
  #active = 0;
  #few: { readonly bound: number; readonly tell: () => void } | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Pieces of work that wait. */
  get waiting(): number {
    return this.#queue.length - this.#next;
  }

  async within<Result>(run: () => Promise<Result>): Promise<Result> {
    if (this.#active < this.#limit) this.#active++;
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
    try {
      return await run();
    } finally {
      this.#goOn();
    }
  }

  /** Resolves when at most `bound` pieces of work wait. One asks at a time. */
  fewWaiting(bound: number): Promise<void> {
    if (this.waiting <= bound) return Promise.resolve();
    return new Promise((tell) => {
      this.#few = { bound, tell };
    });
  }

  /** Hands the place of work that is done to the next, if one waits. */
  #goOn(): void {
    const next = this.#queue[this.#next];
    if (next === undefined) {
      this.#active--;
    } else {
      this.#next++;
      next();
      if (this.#next === this.#queue.length || this.#next >= MAX_GONE) {
        this.#queue.splice(0, this.#next);
        this.#next = 0;
      }
    }
    if (this.#few !== undefined && this.waiting <= this.#few.bound) {
      this.#few.tell();
      this.#few = undefined;
    }
  }
}
