/**
 * When the next request to a host may be made, shared by every worker of a process.
 *
 * One 429 stops all workers, not only the one that got it. Invariant: the time only moves forward. Hosts share 64 slots by hash, so two
 * of them may wait for each other; that costs time, never correctness.
 */

const SLOTS = 64;

/** Shared memory for {@link RateBudget}; handed to worker threads as it is. */
export function createRateMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(SLOTS * BigInt64Array.BYTES_PER_ELEMENT);
}

export class RateBudget {
  readonly #notBefore: BigInt64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#notBefore = new BigInt64Array(memory);
  }

  /** Epoch milliseconds before which `origin` must be left alone; 0 where nobody said so. */
  notBefore(origin: string): number {
    return Number(Atomics.load(this.#notBefore, slotOf(origin)));
  }

  postpone(origin: string, until_ms: number): void {
    const slot = slotOf(origin);
    const wanted = BigInt(Math.ceil(until_ms));
    let seen = Atomics.load(this.#notBefore, slot);
    while (seen < wanted) {
      const before = Atomics.compareExchange(this.#notBefore, slot, seen, wanted);
      if (before === seen) return;
      seen = before;
    }
  }
}

function slotOf(origin: string): number {
  let hash = 0;
  for (let i = 0; i < origin.length; i++) hash = (Math.imul(hash, 31) + origin.charCodeAt(i)) | 0;
  return (hash >>> 0) % SLOTS;
}
