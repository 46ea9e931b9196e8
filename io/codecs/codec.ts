/**
 * From the bytes of a file to the bytes it stands for: plain, gzip, zstd.
 *
 * Invariant: the name says which codec and the first bytes must agree; nothing is passed through as text that is not. Small
 * outputs are joined, so a reader gets pieces of at least 64 KiB (the last one excepted).
 */
import { DataError } from "../../batch/errors.ts";
import { gunzip } from "./gzip.ts";
import { unzstd, type ZstdBackend, zstdBackend } from "./zstd.ts";

export type Codec = "plain" | "gzip" | "zstd";
export { type ZstdBackend, zstdBackend };

const EXTENSIONS: readonly (readonly [string, Codec])[] = [
  [".gz", "gzip"],
  [".gzip", "gzip"],
  [".zst", "zstd"],
  [".zstd", "zstd"],
];
const MIN_OUTPUT = 1 << 16;
const JOINED_OUTPUT = 1 << 18;

/** The codec a file name (or URL without query) asks for. */
export function codecOf(name: string): Codec {
  const lower = name.toLowerCase();
  return EXTENSIONS.find(([extension]) => lower.endsWith(extension))?.[1] ?? "plain";
}

/**
 * Decodes `pieces`, which start at the file's first byte. `name` is for messages.
 * Throws DataError `data/wrong-codec` where the first bytes contradict `codec`, and what the codec throws.
 */
export function decode(
  codec: Codec,
  pieces: AsyncIterable<Uint8Array>,
  name: string,
  zstd?: ZstdBackend,
): AsyncIterable<Uint8Array> {
  const checked = sniff(codec, pieces, name);
  if (codec === "plain") return checked;
  return joined(codec === "gzip" ? gunzip(checked, name) : unzstd(checked, name, zstd));
}

/** Passes `pieces` on after a look at the first four bytes. */
async function* sniff(codec: Codec, pieces: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  let head: Uint8Array | undefined = new Uint8Array(0);
  for await (const piece of pieces) {
    if (!head) {
      yield piece;
      continue;
    }
    head = head.length === 0 ? piece : Buffer.concat([head, piece]);
    if (head.length < 4) continue;
    checkCodec(codec, head, name);
    yield head;
    head = undefined;
  }
  if (head && head.length > 0) {
    checkCodec(codec, head, name);
    yield head;
  }
}

/** Throws DataError `data/wrong-codec` where the first bytes of a file contradict `codec`. */
export function checkCodec(codec: Codec, head: Uint8Array, name: string): void {
  const found = looksLike(head);
  // Fewer than four bytes prove nothing: the codec itself reports a file cut that short.
  if (found === codec || (found === "plain" && head.length < 4)) return;
  const says = codec === "plain" ? "has no compression extension" : `is named as ${codec}`;
  throw new DataError({
    code: "data/wrong-codec",
    what: `${name} ${says}, but its first bytes are ${found === "plain" ? "neither gzip nor zstd" : found}`,
    why: "read under the wrong name it would be noise or an error later on",
    fix:
      found === "plain"
        ? "remove the extension, or fetch the file again"
        : `rename it to end in .${found === "gzip" ? "gz" : "zst"}`,
  });
}

function looksLike(head: Uint8Array): Codec {
  if (head[0] === 0x1f && head[1] === 0x8b && head[2] === 8) return "gzip";
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return "zstd";
  // A skippable frame; the four bits that may vary keep 16 magic numbers apart from text.
  if (((head[0] ?? 0) & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18) return "zstd";
  return "plain";
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
