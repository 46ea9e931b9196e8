/**
 * Damaged files by number: the same files and the same damage on every machine, and what becomes of them.
 *
 * Owns the seeds (frames of every level, size and kind), the damage, and the one line that says what a decoder made of
 * it. Files of zstd come from the pinned encoder and from test/golden/zstd, so a number means the same bytes everywhere.
 */
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { DataError } from "../../../batch/errors.ts";
import { type Codec, decode } from "../../../io/codecs/codec.ts";
import { blockEncoder } from "../../../io/codecs/encoder.ts";

/** Numbers in [0, 2^32), the same for the same seed (Marsaglia's xorshift of 32 bits). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = (Math.imul(seed + 1, 0x9e3779b1) ^ 0x5bd1e995) | 1;
    for (let i = 0; i < 8; i++) this.below(1);
  }

  /** A number in [0, limit). */
  below(limit: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % Math.max(1, limit);
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)];
  }
}

const WORDS = "the quick brown fox jumps over it while ünïcode “quotes” and 日本語 stay whole".split(" ");

/** Text that a codec can shrink, noise that it cannot, or one byte again and again. */
export function content(seed: number, length: number): Buffer {
  const dice = new Dice(seed);
  switch (seed % 4) {
    case 0:
      return Buffer.alloc(length, 97 + (seed % 26));
    case 1:
      return Buffer.from(Uint8Array.from({ length }, () => dice.below(256)));
    default: {
      const lines: string[] = [];
      for (let size = 0; size <= length; ) {
        const words = Array.from({ length: 3 + dice.below(9) }, () => dice.pick(WORDS));
        lines.push(`${JSON.stringify({ id: dice.below(1e6), text: words.join(" ") })}\n`);
        size += lines[lines.length - 1].length;
      }
      return Buffer.from(lines.join("")).subarray(0, length);
    }
  }
}

const SIZES = [0, 1, 20, 300, 2000, 9000, 40_000, 150_000];
const LEVELS = [1, 3, 9, 19];

/** A frame that may be skipped. */
function skippable(dice: Dice): Buffer {
  const bytes = content(1, dice.below(40));
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x184d2a50 + dice.below(16), 0);
  head.writeUInt32LE(bytes.length, 4);
  return Buffer.concat([head, bytes]);
}

let zstdFiles: readonly Buffer[] | undefined;

/** Whole files: one frame of every level and size with and without a checksum, several frames, frames to skip. */
export function zstdSeeds(): readonly Buffer[] {
  if (zstdFiles !== undefined) return zstdFiles;
  const dice = new Dice(7);
  const frames = LEVELS.flatMap((level, at) => {
    const encoder = blockEncoder("zstd", level);
    return SIZES.flatMap((size, index) => {
      const bytes = content(at + index + 2, size);
      return [encoder.frame(bytes), encoder.block(bytes)];
    });
  }).map((frame) => Buffer.from(frame));
  const several = Array.from({ length: 16 }, () =>
    Buffer.concat(
      Array.from({ length: 2 + dice.below(3) }, () => (dice.below(4) === 0 ? skippable(dice) : dice.pick(frames))),
    ),
  );
  const reference = ["checksum", "stream", "plain", "frames"].map((name) =>
    fs.readFileSync(path.join(process.cwd(), "test/golden/zstd", `${name}.zst`)),
  );
  zstdFiles = [...frames, ...several, ...reference];
  return zstdFiles;
}

/** Kinds of damage, by name; `at` is where it begins. */
const DAMAGE: readonly (readonly [string, (bytes: Buffer, dice: Dice, at: number) => Buffer])[] = [
  ["flip", (bytes, dice, at) => withByte(bytes, at, bytes[at] ^ (1 << dice.below(8)))],
  ["byte", (bytes, dice, at) => withByte(bytes, at, dice.below(256))],
  ["head", (bytes, dice) => headFlip(bytes, dice)],
  ["cut", (bytes, _dice, at) => bytes.subarray(0, at)],
  [
    "zero",
    (bytes, dice, at) =>
      Buffer.concat([bytes.subarray(0, at), Buffer.alloc(1 + dice.below(8)), bytes.subarray(at + 8)]),
  ],
  ["lose", (bytes, dice, at) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + dice.below(5))])],
  [
    "repeat",
    (bytes, dice, at) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - dice.below(9)))]),
  ],
  ["append", (bytes, dice) => Buffer.concat([bytes, content(1, 1 + dice.below(12))])],
  ["skip", (bytes, dice) => Buffer.concat([skippable(dice), bytes, skippable(dice)])],
];

function withByte(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  if (at < copy.length) copy[at] = value;
  return copy;
}

/** Damage in the first header and what follows it, where formats keep what they promise. */
function headFlip(bytes: Buffer, dice: Dice): Buffer {
  const at = 4 + dice.below(14);
  return at < bytes.length ? withByte(bytes, at, bytes[at] ^ (1 << dice.below(8))) : bytes;
}

export interface Mutant {
  readonly damage: string;
  readonly original: Buffer;
  readonly bytes: Buffer;
}

/** Mutant `number` of `files`, damaged in one of the ways of `kinds` (all of them where none are given). */
export function mutant(number: number, files: readonly Buffer[], kinds?: readonly string[]): Mutant {
  const dice = new Dice(number);
  const original = files[number % files.length];
  const ways = kinds === undefined ? DAMAGE : DAMAGE.filter(([name]) => kinds.includes(name));
  const [damage, change] = dice.pick(ways);
  return { damage, original, bytes: change(original, dice, dice.below(original.length)) };
}

export const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex").slice(0, 16);

/** What `codec` makes of `bytes`: `LENGTH SHA256` of the content, or `CODE after LENGTH SHA256` of what came before the error. */
export async function verdict(
  codec: Codec,
  bytes: Buffer,

  pieceBytes = 1 << 16,
): Promise<string> {
  const cut = async function* () {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  };
  const hash = createHash("sha256");
  let length = 0;
  const made = () => `${length} ${hash.digest("hex").slice(0, 16)}`;
  try {
    for await (const piece of decode(codec, cut(), "mutant")) {
      hash.update(piece);
      length += piece.length;
    }
    return made();
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return `${error.code} after ${made()}`;
  }
}
