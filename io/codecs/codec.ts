/**
 * From the bytes of a file to the bytes it stands for: plain, gzip, zstd, bzip2, xz.
 *
 * Invariant: the name says which codec and the first bytes must agree; nothing is passed through as text that is not. Small
 * outputs are joined, so a reader gets pieces of at least 64 KiB (the last one excepted).
 */
import { DataError } from "../../batch/errors.ts";
import { bunzip2 } from "./bzip2.ts";
import { gunzip } from "./gzip.ts";
import { type Codec, codecByMagic, codecOf, extensionOf, isRead, MAGIC_BYTES, mayBecome } from "./magic.ts";
import { unxz } from "./xz.ts";
import { unzstd } from "./zstd.ts";

export { type Codec, codecOf };

const MIN_OUTPUT = 1 << 16;
const JOINED_OUTPUT = 1 << 18;
const DECODERS = { gzip: gunzip, zstd: unzstd, bzip2: bunzip2, xz: unxz } as const;

/**
 * Decodes `pieces`, which start at the file's first byte. `name` is for messages.
 * Throws DataError `data/wrong-codec` where the first bytes contradict `codec`, and what the codec throws.
 */
export function decode(codec: Codec, pieces: AsyncIterable<Uint8Array>, name: string): AsyncIterable<Uint8Array> {
  const checked = sniff(codec, pieces, name);
  if (codec === "plain") return checked;
  return joined(DECODERS[codec](checked, name));
}

/** Passes `pieces` on after a look at the first bytes. */
async function* sniff(codec: Codec, pieces: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  let head: Uint8Array | undefined = new Uint8Array(0);
  for await (const piece of pieces) {
    if (!head) {
      yield piece;
      continue;
    }
    head = head.length === 0 ? piece : Buffer.concat([head, piece]);
    if (head.length < MAGIC_BYTES) continue;
    checkCodec(codec, head, name);
    yield head;
    head = undefined;
  }
  if (head && head.length > 0) {
    checkCodec(codec, head, name);
    yield head;
  }
}

/**
 * Throws DataError `data/wrong-codec` where the first bytes of a file contradict `codec`, `data/unsupported-codec` where
 * they are of a form that is not read.
 */
export function checkCodec(codec: Codec, head: Uint8Array, name: string): void {
  const found = codecByMagic(head);
  if (found === codec || mayBecome(head, codec)) return;
  if (!isRead(found)) {
    throw new DataError({
      code: "data/unsupported-codec",
      what: `${name} is ${found}, which is not read`,
      fix: `decompress it, or compress its content again with zstd, gzip, xz or bzip2`,
    });
  }
  const says = codec === "plain" ? "has no compression extension" : `is named as ${codec}`;
  throw new DataError({
    code: "data/wrong-codec",
    what: `${name} ${says}, but its first bytes are ${found === "plain" ? "of no compression that is read" : found}`,
    why: "read under the wrong name it would be noise or an error later on",
    fix:
      found === "plain" ? "remove the extension, or fetch the file again" : `rename it to end in ${extensionOf(found)}`,
  });
}

/** Joins runs of small pieces; large ones pass without a copy. */
async function* joined(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let pending = new Uint8Array(0);
  let used = 0;
  for await (const piece of pieces) {
    if (used === 0 && piece.length >= MIN_OUTPUT) {
      yield piece;
      continue;
    }
    for (let at = 0; at < piece.length; ) {
      if (pending.length === 0) pending = new Uint8Array(JOINED_OUTPUT);
      const count = Math.min(piece.length - at, JOINED_OUTPUT - used);
      pending.set(piece.subarray(at, at + count), used);
      at += count;
      used += count;
      if (used < JOINED_OUTPUT) continue;
      yield pending.subarray(0, used);
      pending = new Uint8Array(0);
      used = 0;
    }
  }
  if (used > 0) yield pending.subarray(0, used);
}
