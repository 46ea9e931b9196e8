/**
 * Streaming gzip: any number of members, and nothing else.
 *
 * Invariant: every byte of the input belongs to a member whose CRC and length were checked (zlib does), or is zero padding at the end.
 * A cut file, a changed byte and trailing garbage are DataErrors that name the file and the byte (to 64 KiB: zlib tells no more).
 * `pieces` must start like gzip, as codec.ts makes sure. Price: about 450 MB/s.
 */
import zlib from "node:zlib";
import { DataError } from "../../batch/errors.ts";
import { ZlibEngine } from "./zlib-engine.ts";

/** Input given to zlib at a time: at gzip's best ratio (1:1032) this inflates to 66 MB. */
const INPUT = 1 << 16;
const OUTPUT = 1 << 20;

/** Inflates `pieces`. Throws DataError `data/truncated-gzip`, `data/corrupt-gzip`. */
export async function* gunzip(pieces: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  const engine = new ZlibEngine(zlib.createGunzip({ chunkSize: OUTPUT }));
  let fed = 0;
  try {
    for await (const piece of pieces) {
      for (let at = 0; at < piece.length; at += INPUT) {
        const input = piece.subarray(at, at + INPUT);
        if (!engine.ended) yield* await engine.push(input);
        fed += input.length;
        // zlib stops at a zero byte after a member and takes the rest for padding. Only zeros are padding.
        if (engine.ended) requireZeros(input, Math.max(0, input.length - (fed - engine.consumed)), fed, name);
      }
    }
    if (fed === 0) throw truncated(name, 0);
    yield* await engine.finish();
  } catch (error) {
    throw gzipError(error, engine.consumed, name);
  } finally {
    engine.close();
  }
}

function requireZeros(input: Uint8Array, from: number, fed: number, name: string): void {
  for (let at = from; at < input.length; at++) {
    if (input[at] !== 0) throw garbage(name, fed - input.length + at);
  }
}

function gzipError(error: unknown, byte: number, name: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "Z_BUF_ERROR") return truncated(name, byte);
  if (code !== "Z_DATA_ERROR") return error;
  // The first member's magic number was looked at before, so this is about a later one.
  if (message === "incorrect header check") return garbage(name, byte);
  return corrupt(name, byte, message);
}

function truncated(name: string, byte: number): DataError {
  return new DataError({
    code: "data/truncated-gzip",
    what: `${name} ends inside a gzip member, after byte ${byte}`,
    why: "the rest of the file is missing, so documents would be lost",
    fix: "download or copy the file again",
  });
}

function garbage(name: string, byte: number): DataError {
  return corrupt(name, byte, "something that is not gzip follows a complete member");
}

function corrupt(name: string, byte: number, detail: string): DataError {
  return new DataError({
    code: "data/corrupt-gzip",
    what: `${name} is damaged after byte ${byte}: ${detail}`,
    why: "text after this point cannot be trusted",
    fix: "download or copy the file again",
  });
}
