/**
 * A part of a file as the body of a request: read while it is sent, never held whole.
 *
 * Invariant: where the sha256 of the whole file is said, other bytes never go out whole: the last piece of a file that has changed is kept back.
 * A body that ends badly tells `onFailure`, because a `fetch` hides why. Price: one read and one hash of every byte; 1 MiB of memory.
 */
import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { DataError } from "../../batch/errors.ts";

const PIECE = 1 << 20;

export interface FilePartOptions {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  /** Of a part that is the whole file. */
  readonly sha256?: string;
  readonly onPiece?: (bytes: number) => void;
  readonly onFailure: (error: Error) => void;
}

/** Only what `fetch` asks of a Blob: its size, so that a length can be announced, and its stream. */
export class FilePart extends Blob {
  override readonly size: number;
  readonly #options: FilePartOptions;

  constructor(options: FilePartOptions) {
    super([]);
    this.size = options.end - options.start;
    this.#options = options;
  }

  override stream(): ReturnType<Blob["stream"]> {
    const { onFailure } = this.#options;
    const pieces = this.#pieces();
    return new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        async pull(controller) {
          try {
            const { done, value } = await pieces.next();
            if (done) controller.close();
            else controller.enqueue(value);
          } catch (error) {
            onFailure(error instanceof Error ? error : new Error(String(error)));
            controller.error(error);
          }
        },
        cancel: async () => void (await pieces.return()),
      },
      { highWaterMark: 0 },
    );
  }

  async *#pieces(): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
    const { file, start, end, sha256, onPiece } = this.#options;
    const hash = sha256 === undefined ? undefined : createHash("sha256");
    const handle = await opened(file);
    try {
      for (let at = start; at < end; ) {
        const wanted = Math.min(PIECE, end - at);
        const piece = new Uint8Array(wanted);
        const { bytesRead } = await handle.read(piece, 0, wanted, at);
        if (bytesRead === 0) throw changed(file);
        const read = piece.subarray(0, bytesRead);
        at += bytesRead;
        hash?.update(read);
        if (at === end && hash !== undefined && hash.digest("hex") !== sha256) throw changed(file);
        onPiece?.(bytesRead);
        yield read;
      }
    } finally {
      await handle.close();
    }
  }
}

async function opened(file: string): Promise<FileHandle> {
  try {
    return await open(file, "r");
  } catch (error) {
    throw new DataError({ code: "data/unreadable", what: `cannot read ${file}` }, { cause: error });
  }
}

function changed(file: string): DataError {
  return new DataError({
    code: "data/changed",
    what: `${file} changed while it was sent`,
    why: "what is published must be what the run wrote",
    fix: "look at it with `shardmill verify RUN`, then publish again",
  });
}
