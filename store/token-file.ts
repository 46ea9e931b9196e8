/**
 * The files of a token store, byte for byte as datatrove writes them, so that its reader needs no converter.
 *
 * `X.ds`: token ids, little-endian, 2 bytes each where the vocabulary fits, else 4; no header. `X.ds.index`: the
 * exclusive end of every document in tokens, u64 little-endian. `X.ds.loss`: the loss lane, one byte a token, there
 * only where not all are trained. `X.ds.metadata`: three lines. `X.ds.pieces` is ours: which piece of which document
 * lies where in packed windows, three u32 each. So is `X.ds.counts`: how often each id stands in a store's shard, two u32
 * for each that does, id and count, by ascending id. Byte i of the loss lane speaks of token i as a label: 1, it is trained
 * to be predicted from what stands before it; 0, it is not. So it moves with its token. The first token of a piece has
 * nothing before it and is a label for nobody, whatever its byte says.
 * Invariant of what lies in them: a document is not empty, begins with BOS where there is one, ends with EOS where it is
 * appended, holds neither elsewhere unless special tokens were parsed, and every id is below the vocabulary size.
 * Price: bytes are looked at in place. workers/tasks/shard-contents.ts counts the ids.
 */
import { DataError, RunError } from "../batch/errors.ts";
import { float64At, uint32At } from "../batch/numbers.ts";
import { PIECE_WORDS, type TokenArray } from "../kernels/pack/fill.ts";

export type TokenBytes = 2 | 4;

/** What follows the name of the token file in the names of the files beside it. */
export const companions = {
  counts: ".counts",
  index: ".index",
  loss: ".loss",
  metadata: ".metadata",
  pieces: ".pieces",
} as const;

export interface TokenFormat {
  readonly token_bytes: TokenBytes;
  readonly vocab_size: number;
  readonly eos: number;
  /** Whether documents end with it; padding is EOS in any case. */
  readonly appends_eos: boolean;
  /** Absent where documents begin with their text. */
  readonly bos?: number | undefined;
  /** Whether text may have become BOS or EOS. */
  readonly parses_special?: boolean;
}

/** The format of a store, as a plan and a manifest name its tokenizer. */
export function formatOf(tokenizer: {
  readonly token_bytes: TokenBytes;
  readonly vocab_size: number;
  readonly eos: { readonly id: number };
  readonly bos?: { readonly id: number } | undefined;
  readonly special_tokens?: "parse" | undefined;
  readonly append_eos?: "never" | undefined;
}): TokenFormat {
  const { token_bytes, vocab_size, eos, bos, special_tokens, append_eos } = tokenizer;
  return {
    token_bytes,
    vocab_size,
    eos: eos.id,
    appends_eos: append_eos !== "never",
    ...(bos && { bos: bos.id }),
    parses_special: special_tokens === "parse",
  };
}

/** Ids up to 65,535 fit two bytes; the vocabulary size counts added tokens. */
export function tokenBytes(vocabSize: number): TokenBytes {
  return vocabSize <= 0x1_0000 ? 2 : 4;
}

/** The bytes of a typed array, without copying. */
export function bytesOf(values: TokenArray | Uint32Array): Uint8Array {
  if (!LITTLE_ENDIAN) {
    throw new RunError({ code: "run/big-endian", what: "token files are little-endian and this processor is not" });
  }
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Document ends as u64 little-endian, `base` added to each. Exact below 2^53. */
export function encodeEnds(ends: Float64Array | readonly number[], base = 0): Uint8Array {
  const words = new Uint32Array(ends.length * 2);
  let at = 0;
  for (const end of ends) {
    words[at++] = end + base;
    words[at++] = (end + base) / 0x1_0000_0000;
  }
  return bytesOf(words);
}

/** Token ids of a `.ds` file or a part of it; a view where the bytes are aligned. */
export function decodeTokens(bytes: Uint8Array, width: TokenBytes, name: string): TokenArray {
  const whole = aligned(bytes, width, name);
  const count = whole.byteLength / width;
  return width === 2
    ? new Uint16Array(whole.buffer, whole.byteOffset, count)
    : new Uint32Array(whole.buffer, whole.byteOffset, count);
}

/** Document ends of a `.ds.index`. Throws DataError where they do not ascend from above 0. */
export function decodeEnds(bytes: Uint8Array, name: string): Float64Array {
  const whole = aligned(bytes, 8, name);
  const words = new Uint32Array(whole.buffer, whole.byteOffset, whole.byteLength / 4);
  const ends = new Float64Array(words.length / 2);
  let last = 0;
  for (let i = 0; i < ends.length; i++) {
    const end = uint32At(words, 2 * i) + uint32At(words, 2 * i + 1) * 0x1_0000_0000;
    if (end <= last || end > Number.MAX_SAFE_INTEGER) {
      throw damaged(name, `its entry ${i} is ${end} after ${last}; document ends must ascend`);
    }
    ends[i] = end;
    last = end;
  }
  return ends;
}

/** Words of a `.ds.pieces` file: document (4294967295 for padding), start, length for each piece. */
export function decodePieces(bytes: Uint8Array, name: string): Uint32Array {
  const whole = aligned(bytes, PIECE_WORDS * 4, name);
  return new Uint32Array(whole.buffer, whole.byteOffset, whole.byteLength / 4);
}

/** The content of a `.ds.counts`. `counts` is by id. */
export function encodeCounts(counts: Uint32Array): Uint8Array {
  const present = counts.reduce((sum, count) => sum + Number(count > 0), 0);
  const words = new Uint32Array(2 * present);
  let at = 0;
  counts.forEach((count, id) => {
    if (count === 0) return;
    words[at++] = id;
    words[at++] = count;
  });
  return bytesOf(words);
}

/** Adds a `.ds.counts` to `sums`, which are by id. Throws DataError where it names an id that is not there, or one twice. */
export function addCounts(sums: Float64Array, bytes: Uint8Array, name: string): void {
  const whole = aligned(bytes, 8, name);
  const words = new Uint32Array(whole.buffer, whole.byteOffset, whole.byteLength / 4);
  let next = 0;
  for (let i = 0; i < words.length; i += 2) {
    const id = uint32At(words, i);
    if (id < next || id >= sums.length) throw damaged(name, `its entry ${i / 2} is of id ${id} after ${next - 1}`);
    sums[id] = float64At(sums, id) + uint32At(words, i + 1);
    next = id + 1;
  }
}

/**
 * The loss lane of `tokens` tokens, or of a part of a shard. Throws DataError where it is of another length or says
 * anything but 0 and 1.
 */
export function decodeLoss(bytes: Uint8Array, tokens: number, name: string): Uint8Array {
  const what = lossProblem(bytes, tokens);
  if (what !== undefined) throw damaged(name, what);
  return bytes;
}

/** What keeps bytes from being the loss lane of `tokens` tokens, or undefined. */
export function lossProblem(bytes: Uint8Array, tokens: number): string | undefined {
  if (bytes.length !== tokens) return `it has ${bytes.length} bytes for ${tokens} tokens`;
  const wrong = bytes.findIndex((trained) => trained > 1);
  return wrong < 0 ? undefined : `byte ${wrong} is ${bytes[wrong]}, and only 0 and 1 mean anything`;
}

/**
 * Bytes that typed arrays can look at in place, or a copy of them; a DataError where the length is not a multiple of
 * `unit`.
 */
function aligned(bytes: Uint8Array, unit: number, name: string): Uint8Array {
  if (bytes.length % unit !== 0) throw damaged(name, `its ${bytes.length} bytes are not a multiple of ${unit}`);
  return bytes.byteOffset % Math.min(unit, 4) === 0 ? bytes : bytes.slice();
}

function damaged(name: string, what: string): DataError {
  return new DataError({
    code: "data/damaged-token-file",
    what: `${name} is damaged: ${what}`,
    fix: "delete the folder it is in and run again",
  });
}

export interface TokenMetadata {
  readonly tokenizer_name: string;
  readonly token_bytes: TokenBytes;
  readonly tokens: number;
}

/** Content of a `.ds.metadata`: three lines, no newline at the end. */
export function formatMetadata(metadata: TokenMetadata): string {
  const { tokenizer_name, token_bytes, tokens } = metadata;
  if (/[|\r\n]/.test(tokenizer_name)) {
    throw new RunError({
      code: "run/bad-tokenizer-name",
      what: `the tokenizer name ${JSON.stringify(tokenizer_name)} holds a line break or "|"`,
      why: "readers split the first line of a .metadata file at its only bar",
      fix: "rename the tokenizer's file or folder",
    });
  }
  return `${tokenizer_name}|${token_bytes}\n${tokens}\n${humanizeTokens(tokens)}`;
}

const PREFIXES = ["", "k", "M", "G", "T", "P"];

/** A token count in three digits with a metric prefix: `21.0 T`, `1.23 MT`. As `humanize.metric(count, unit="T")`. */
export function humanizeTokens(count: number): string {
  let exponent = String(count).length - 1;
  const scaled = count / 1000 ** Math.floor(exponent / 3);
  let shown = roundHalfEven(scaled, 2 - (exponent % 3));
  if (Number(shown) >= 10 ** ((exponent % 3) + 1)) {
    exponent++;
    shown = roundHalfEven(count / 1000 ** Math.floor(exponent / 3), 2 - (exponent % 3));
  }
  return `${shown} ${PREFIXES[Math.floor(exponent / 3)]}T`;
}

/** As Python formats: `toFixed` rounds exact ties up, Python to the even digit. Values below 1000, at most 2 digits. */
function roundHalfEven(value: number, digits: number): string {
  const scaled = value * 10 ** digits;
  const below = Math.floor(scaled);
  // With so few digits only multiples of 1/8 can be exact ties, and their products above are exact.
  const tie = Number.isInteger(value * 8) && scaled - below === 0.5;
  return tie && below % 2 === 0 ? (below / 10 ** digits).toFixed(digits) : value.toFixed(digits);
}
