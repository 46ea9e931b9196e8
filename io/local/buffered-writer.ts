/** Joins many small writes into few large ones. The caller closes it at the end; memory is one buffer, of the arena. */
import { allocate, release } from "../../batch/memory.ts";

const CAPACITY_BYTES = 4 * 1024 * 1024;

export class BufferedWriter {
  /** Bytes taken so far, flushed or not. */
  size_bytes = 0;
  readonly #write: (bytes: Uint8Array) => void;
  readonly #buffer = allocate(CAPACITY_BYTES);
  #filled = 0;

  /** `write` must be done with its argument when it returns: the buffer behind it is used again. */
  constructor(write: (bytes: Uint8Array) => void) {
    this.#write = write;
  }

  write(bytes: Uint8Array): void {
    this.size_bytes += bytes.length;
    if (this.#filled + bytes.length > CAPACITY_BYTES) this.flush();
    if (bytes.length > CAPACITY_BYTES) {
      this.#write(bytes);
      return;
    }
    this.#buffer.set(bytes, this.#filled);
    this.#filled += bytes.length;
  }

  flush(): void {
    if (this.#filled > 0) this.#write(this.#buffer.subarray(0, this.#filled));
    this.#filled = 0;
  }

  /** Flushes, and gives the buffer back: nothing is written afterwards. */
  close(): void {
    this.flush();
    release(this.#buffer);
  }
}
