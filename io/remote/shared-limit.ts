/**
 * How many calls may be out at once to one endpoint, over all threads of a process.
 *
 * Threads that have something to ask share the limit evenly; one that asks alone has all of it. Invariant: never more are out than the limit,
 * unless names that share a slot have limits of their own. Price: two atomic steps a call; a thread that has to wait for another one looks again
 * every few milliseconds.
 */

const SLOTS = 64;
/** Of a slot: calls that are out, threads that ask. */
const FIELDS = 2;
const OUT = 0;
const THREADS = 1;
const LOOK_AGAIN_MS = 5;

export function createLimitMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(SLOTS * FIELDS * Int32Array.BYTES_PER_ELEMENT);
}

/** One thread's part in the limit of one name. */
export class SharedLimit {
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #limit: number;
  readonly #queue: (() => void)[] = [];
  #out = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(memory: SharedArrayBuffer, name: string, limit: number) {
    this.#words = new Int32Array(memory);
    this.#at = FIELDS * slotOf(name);
    this.#limit = limit;
  }

  /** Runs `run` when there is room for it. */
  async within<Result>(run: () => Promise<Result>): Promise<Result> {
    if (this.#out + this.#queue.length === 0) Atomics.add(this.#words, this.#at + THREADS, 1);
    if (this.#queue.length > 0 || !this.#take()) {
      await new Promise<void>((resolve) => {
        this.#queue.push(resolve);
        this.#look();
      });
    }
    try {
      return await run();
    } finally {
      this.#out--;
      Atomics.sub(this.#words, this.#at + OUT, 1);
      this.#look();
      if (this.#out + this.#queue.length === 0) Atomics.sub(this.#words, this.#at + THREADS, 1);
    }
  }

  /** Takes a place, where the thread's share and the limit have one. */
  #take(): boolean {
    const threads = Math.max(1, Atomics.load(this.#words, this.#at + THREADS));
    if (this.#out >= Math.max(1, Math.ceil(this.#limit / threads))) return false;
    for (let seen = Atomics.load(this.#words, this.#at + OUT); seen < this.#limit; ) {
      const before = Atomics.compareExchange(this.#words, this.#at + OUT, seen, seen + 1);
      if (before === seen) {
        this.#out++;
        return true;
      }
      seen = before;
    }
    return false;
  }

  /** Lets those go on for whom there is room; looks again later for the others, since no thread hears of another's calls. */
  #look(): void {
    while (this.#queue.length > 0 && this.#take()) this.#queue.shift()?.();
    if (this.#queue.length === 0 || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#look();
    }, LOOK_AGAIN_MS);
  }
}

function slotOf(name: string): number {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 31) + name.charCodeAt(i)) | 0;
  return (hash >>> 0) % SLOTS;
}
