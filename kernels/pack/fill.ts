/**
 * The copy: a plan and the tokens of a shard become the bytes a trainer reads.
 *
 * Invariant: the index written says where positions restart: the end of every piece, and each padding token as an entry
 * of its own, so that no padding label is ever trained on (one long "padding document" would leak into the loss).
 * Window ends are among them. A loss byte moves with its token, and padding has 0.
 * Price: one pass over the tokens, a random read for every run of pieces that lie one after the other in the shard.
 */
import { HEAP } from "../../batch/memory.ts";
import type { PackPlan } from "./plan.ts";

/** Token ids as stored: 2 or 4 bytes each. */
export type TokenArray = Uint16Array | Uint32Array;

/** One lane of a shard, wherever it lies: its token ids, or its loss bytes. */
export interface Lane<Values extends TokenArray | Uint8Array> {
  readonly bytes_per_entry: number;
  /** Entries `[from, from + count)` of the shard go to `out`, from `at` on. */
  copy(from: number, count: number, out: Values, at: number): void;
}

/** Runs shorter than this are copied by a loop: a call to `set` costs more than moving so few entries. */
const SHORT_RUN = 48;

/** A lane that is in memory. */
export function laneOf<Values extends TokenArray | Uint8Array>(values: Values): Lane<Values> {
  return {
    bytes_per_entry: values.BYTES_PER_ELEMENT,
    copy(from, count, out, at) {
      if (count < SHORT_RUN) for (let i = 0; i < count; i++) out[at + i] = values[from + i];
      else out.set(values.subarray(from, from + count), at);
    },
  };
}

/** 32-bit words of a piece in the pieces table: document (-1 for padding, as i32), start, length. */
export const PIECE_WORDS = 3;
/** The document of a piece of padding, -1, as a word of the table. */
export const PADDING_WORD = 0xffff_ffff;

/** A piece as the table has it: {@link PADDING_WORD} stands for the document of padding. */
export interface Piece {
  readonly document: number;
  readonly start: number;
  readonly length: number;
}

/** The pieces of a table, in order. Price: an object a piece. */
export function* piecesOf(words: Uint32Array): Generator<Piece> {
  for (let word = 0; word < words.length; word += PIECE_WORDS) {
    yield { document: words[word], start: words[word + 1], length: words[word + 2] };
  }
}

/** A plan, and where its documents lie in the shard. */
export interface PlacedPieces {
  readonly plan: PackPlan;
  readonly document_ends: Float64Array;
}

export interface FillInput extends PlacedPieces {
  /** All tokens of the shard. */
  readonly tokens: Lane<TokenArray>;
  /** The loss lane of the shard, one byte a token; absent where all are trained. */
  readonly loss?: Lane<Uint8Array>;
  readonly window_tokens: number;
  /** Token id of padding. */
  readonly eos: number;
}

/** Where windows `[from, to)` go. Every array starts at window `from`. */
export interface FillOutput {
  /** `(to - from) * window_tokens` entries, as wide as those of the input. */
  readonly tokens: TokenArray;
  /** One byte a token: 0 for padding, else the token's own. There where the input has a loss lane. */
  readonly loss?: Uint8Array;
  /** Two words (low, high) per index entry, counted from the start of the file: {@link indexEntries} of them. */
  readonly ends: Uint32Array;
  /** {@link PIECE_WORDS} words per piece of the windows. */
  readonly pieces: Uint32Array;
}

/** Index entries of windows `[from, to)`. */
export function indexEntries(plan: PackPlan, from: number, to: number): number {
  let entries = 0;
  for (let piece = plan.window_pieces[from]; piece < plan.window_pieces[to]; piece++) {
    entries += plan.piece_document[piece] < 0 ? plan.piece_length[piece] : 1;
  }
  return entries;
}

/** Arrays of the right sizes for windows `[from, to)`; `tokens` and `loss` lie in `memory`. */
export function fillOutput(input: FillInput, from: number, to: number, memory = HEAP): FillOutput {
  const { plan, tokens, loss, window_tokens } = input;
  const count = (to - from) * window_tokens;
  const bytes = memory.allocate(count * tokens.bytes_per_entry);
  return {
    tokens:
      tokens.bytes_per_entry === 2
        ? new Uint16Array(bytes.buffer, bytes.byteOffset, count)
        : new Uint32Array(bytes.buffer, bytes.byteOffset, count),
    ...(loss === undefined ? {} : { loss: memory.allocate(count) }),
    ends: new Uint32Array(2 * indexEntries(plan, from, to)),
    pieces: new Uint32Array(PIECE_WORDS * (plan.window_pieces[to] - plan.window_pieces[from])),
  };
}

/** First entry in the shard of a piece that is no padding. */
function placeOf({ plan, document_ends }: PlacedPieces, piece: number): number {
  const document = plan.piece_document[piece];
  return (document === 0 ? 0 : document_ends[document - 1]) + plan.piece_start[piece];
}

/** Runs of pieces that are copied by one call each: how many {@link fillWindows} makes for the whole plan. */
export function copiedRuns(input: PlacedPieces): number {
  const { piece_document, piece_length } = input.plan;
  let runs = 0;
  let next = -1;
  for (let piece = 0; piece < piece_document.length; piece++) {
    const padding = piece_document[piece] < 0;
    const place = padding ? -1 : placeOf(input, piece);
    if (!padding && place !== next) runs++;
    next = padding ? -1 : place + piece_length[piece];
  }
  return runs;
}

/** Writes windows `[from, to)` of the plan. Both have a loss lane, or neither. */
export function fillWindows(input: FillInput, from: number, to: number, output: FillOutput): void {
  const { plan, tokens, loss, window_tokens, eos } = input;
  const { tokens: out, loss: trained, ends, pieces } = output;
  const base = from * window_tokens;
  let at = 0;
  let entry = 0;
  let word = 0;
  // What is to be copied next: pieces that follow each other in the shard and in the windows are one read.
  let run_place = 0;
  let run_at = 0;
  const copyRun = (): void => {
    if (at === run_at) return;
    tokens.copy(run_place, at - run_at, out, run_at);
    if (loss !== undefined && trained !== undefined) loss.copy(run_place, at - run_at, trained, run_at);
  };
  for (let piece = plan.window_pieces[from]; piece < plan.window_pieces[to]; piece++) {
    const document = plan.piece_document[piece];
    const length = plan.piece_length[piece];
    pieces[word++] = document;
    pieces[word++] = plan.piece_start[piece];
    pieces[word++] = length;
    if (document < 0) {
      copyRun();
      out.fill(eos, at, at + length);
      trained?.fill(0, at, at + length);
      for (let pad = 1; pad <= length; pad++) {
        const end = base + at + pad;
        ends[entry++] = end;
        ends[entry++] = end / 0x1_0000_0000;
      }
      at += length;
      run_at = at;
      continue;
    }
    const place = placeOf(input, piece);
    if (place !== run_place + (at - run_at)) {
      copyRun();
      run_place = place;
      run_at = at;
    }
    at += length;
    const end = base + at;
    ends[entry++] = end;
    ends[entry++] = end / 0x1_0000_0000;
  }
  copyRun();
}
