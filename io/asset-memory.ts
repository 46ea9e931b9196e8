/**
 * An asset's bytes in memory that all threads of a process share, read by whichever thread needs them first.
 *
 * Invariant: who gets the bytes gets all of them, checked. Threads that want them while another reads wait; where that one makes no progress
 * for {@link PATIENCE_MS}, they read for themselves: all write the same bytes. Memory is reserved at once and used when it is filled.
 */
import { RunError } from "../batch/errors.ts";

/** Plain data: crosses to a worker as it is, and is the same memory there. */
export interface AssetMemory {
  readonly bytes: SharedArrayBuffer;
  /** Two words: state, and a count that goes up while bytes arrive. */
  readonly state: SharedArrayBuffer;
}

const EMPTY = 0;
const FILLING = 1;
const READY = 2;
const STATE = 0;
const PROGRESS = 1;
const PATIENCE_MS = 30_000;

/** Throws RunError `run/asset-too-large`. */
export function reserveMemory(name: string, size_bytes: number): AssetMemory {
  try {
    const bytes = new SharedArrayBuffer(size_bytes);
    // What one view cannot show nobody can read.
    new Uint8Array(bytes);
    return { bytes, state: new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT) };
  } catch (error) {
    throw new RunError(
      {
        code: "run/asset-too-large",
        what: `${name} of ${size_bytes} bytes does not fit in one piece of memory`,
        fix: "use a smaller file; Node.js 22 and newer allow more than 4 GiB",
      },
      { cause: error },
    );
  }
}

/** The bytes of `memory`; `fill` writes them where nobody has, calling its second argument now and then. */
export function filledMemory(
  memory: AssetMemory,
  fill: (bytes: Uint8Array, progress: () => void) => void,
  patience_ms = PATIENCE_MS,
): Uint8Array {
  const bytes = new Uint8Array(memory.bytes);
  fillOnce(memory.state, (progress) => fill(bytes, progress), patience_ms);
  return bytes;
}

/** Has `fill` run in one thread, unless it has; returns when what it does is done. `shared` is two words of zero at first. */
export function fillOnce(
  shared: SharedArrayBuffer,
  fill: (progress: () => void) => void,
  patience_ms = PATIENCE_MS,
): void {
  const state = new Int32Array(shared);
  for (;;) {
    const seen = Atomics.compareExchange(state, STATE, EMPTY, FILLING);
    if (seen === READY) return;
    if (seen === FILLING) {
      const before = Atomics.load(state, PROGRESS);
      const waited = Atomics.wait(state, STATE, FILLING, patience_ms);
      if (waited !== "timed-out" || Atomics.load(state, PROGRESS) !== before) continue;
    }
    try {
      fill(() => Atomics.add(state, PROGRESS, 1));
    } catch (error) {
      // The next one tries again, and is told what is wrong itself.
      settle(state, EMPTY);
      throw error;
    }
    settle(state, READY);
    return;
  }
}

/** What `pieces` bring, which are `size_bytes` together, as memory that is ready. */
export async function memoryOf(
  name: string,
  size_bytes: number,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<AssetMemory> {
  const memory = reserveMemory(name, size_bytes);
  const bytes = new Uint8Array(memory.bytes);
  let at = 0;
  for await (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  settle(new Int32Array(memory.state), READY);
  return memory;
}

export function isReady({ state }: AssetMemory): boolean {
  return Atomics.load(new Int32Array(state), STATE) === READY;
}

function settle(state: Int32Array, to: number): void {
  Atomics.store(state, STATE, to);
  Atomics.notify(state, STATE);
}
