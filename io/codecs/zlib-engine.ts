/**
 * Drives one of Node's (de)compression streams a piece at a time, without a pipeline.
 *
 * Invariant: after `push` resolves the engine has taken the whole piece or has ended, so at most one piece is inflated ahead of
 * the reader. Price: one thread-pool hop per piece (about 40 µs).
 */

/** The part of `zlib.Gunzip` and its kin that is used; `@types/node` 20 does not know the zstd classes. */
export interface EngineStream {
  readonly bytesWritten: number;
  on(event: "data", listener: (piece: Uint8Array) => void): unknown;
  on(event: "error", listener: (error: NodeJS.ErrnoException) => void): unknown;
  on(event: "end", listener: () => void): unknown;
  write(piece: Uint8Array, done: () => void): unknown;
  end(): unknown;
  destroy(): unknown;
}

export class ZlibEngine {
  /** The engine said that its input is over. */
  ended = false;
  readonly #stream: EngineStream;
  #produced: Uint8Array[] = [];
  #error: NodeJS.ErrnoException | undefined;
  #wake = (): void => {};

  constructor(stream: EngineStream) {
    this.#stream = stream;
    stream.on("data", (piece) => this.#produced.push(piece));
    stream.on("error", (error) => {
      this.#error = error;
      this.#wake();
    });
    stream.on("end", () => {
      this.ended = true;
      this.#wake();
    });
  }

  /** Input bytes used so far. */
  get consumed(): number {
    return this.#stream.bytesWritten;
  }

  /** Feeds a piece and returns what has come out by then. */
  push(piece: Uint8Array): Promise<Uint8Array[]> {
    return this.#until((done) => this.#stream.write(piece, done));
  }

  /** Says that the input is over, and returns the rest. */
  finish(): Promise<Uint8Array[]> {
    return this.ended ? Promise.resolve([]) : this.#until(() => this.#stream.end());
  }

  close(): void {
    this.#stream.destroy();
  }

  async #until(start: (done: () => void) => void): Promise<Uint8Array[]> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      start(resolve);
    });
    if (this.#error) throw this.#error;
    return this.#produced.splice(0);
  }
}
