/**
 * How many bytes of its input a span has read, for people who watch.
 *
 * Invariant: what is told of a span adds up to its size when it is done, however little of a columnar file had to
 * be read, and never to more.
 */
import type { ByteSource } from "../../../io/source.ts";

export class SpanMeter {
  readonly #size: number;
  readonly #tell: (bytes: number) => void;
  #told = 0;

  constructor(size: number, tell: (bytes: number) => void) {
    this.#size = size;
    this.#tell = tell;
  }

  /** The source, with what is read of it told. */
  watch(source: ByteSource): ByteSource {
    const add = (bytes: number): void => this.#add(bytes);
    const { readInto } = source;
    return {
      name: source.name,
      byteLength: source.byteLength,
      identity: source.identity,
      read: async (start, end) => {
        const bytes = await source.read(start, end);
        add(end - start);
        return bytes;
      },
      ...(readInto && {
        readInto: (out: Uint8Array, start: number) => {
          readInto.call(source, out, start);
          add(out.length);
        },
      }),
      stream: (start) => watched(source.stream(start), add),
      close: () => source.close(),
    };
  }

  /** All of the span is done. */
  finish(): void {
    this.#add(this.#size);
  }

  #add(bytes: number): void {
    const more = Math.min(bytes, this.#size - this.#told);
    if (more <= 0) return;
    this.#told += more;
    this.#tell(more);
  }
}

async function* watched(pieces: AsyncIterable<Uint8Array>, add: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    add(piece.length);
    yield piece;
  }
}
