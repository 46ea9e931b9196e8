/**
 * What a process may ask for outside: one account for all its threads.
 *
 * Invariant: a question is asked only where the account has one left, so that no more than the bound are asked. Tokens are known when an answer
 * is there: those of calls that are out when the bound is reached come on top of it. The account also says that the process was told to stop:
 * what is out is waited for and kept, nothing further is asked.
 */

export interface RequestBounds {
  readonly max_requests?: number | undefined;
  readonly max_tokens?: number | undefined;
}

const REQUESTS = 0;
const TOKENS = 1;
const STOPPED = 2;
const FIELDS = 3;
const NO_BOUND = 2n ** 62n;

export class RequestBudget {
  readonly #account: BigInt64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#account = new BigInt64Array(memory);
  }

  static memory({ max_requests, max_tokens }: RequestBounds): SharedArrayBuffer {
    const memory = new SharedArrayBuffer(FIELDS * BigInt64Array.BYTES_PER_ELEMENT);
    const account = new BigInt64Array(memory);
    account[REQUESTS] = max_requests === undefined ? NO_BOUND : BigInt(max_requests);
    account[TOKENS] = max_tokens === undefined ? NO_BOUND : BigInt(max_tokens);
    return memory;
  }

  /** Takes one question from the account; says why not where it has none. */
  take(): "stopped" | "requests" | "tokens" | undefined {
    if (Atomics.load(this.#account, STOPPED) !== 0n) return "stopped";
    if (Atomics.load(this.#account, TOKENS) <= 0n) return "tokens";
    return Atomics.sub(this.#account, REQUESTS, 1n) > 0n ? undefined : "requests";
  }

  /** Takes the tokens of an answer from it. */
  spend(tokens: number): void {
    Atomics.sub(this.#account, TOKENS, BigInt(tokens));
  }

  stop(): void {
    Atomics.store(this.#account, STOPPED, 1n);
  }
}
