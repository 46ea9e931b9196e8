/**
 * The words of rows, from the tokens of their spans, or from their texts where a source is not tokenized.
 *
 * Nothing was kept for this but what a run keeps anyway: a barrier that drops stops no row, so the ids of every row lie on the disk. What a
 * tokenizer's own normalizers change is no difference. Memory: the words of a text, and at most {@link OPEN_FILES} open files.
 */
import fs from "node:fs";
import { entryAt } from "../../../batch/entry.ts";
import { Blocks } from "../../../io/local/blocks.ts";
import { TokenWords } from "../../../kernels/dedup/token-words.ts";
import { WordHashes } from "../../../kernels/dedup/word-hashes.ts";
import { assetsOf } from "../../../plan/assets.ts";
import { type SourcePlan, tokenizerOf } from "../../../plan/plan.ts";
import { openVocabulary, type VocabularyRef } from "../../../stages/tokenize/vocabulary-option.ts";
import { spanFiles } from "../../../store/layout.ts";
import { vouch } from "../../../store/marker.ts";
import { formatOf, type TokenFormat } from "../../../store/token-file.ts";
import type { WorkerContext } from "../../context.ts";
import type { ElectSpan } from "../../protocol.ts";
import type { Place, PlaceFinder } from "./places.ts";

const OPEN_FILES = 128;

interface OpenFile {
  readonly blocks: Blocks;
  readonly descriptor: number;
}

export class MemberTexts {
  /** Words of the row that was read last. */
  readonly hashes = new WordHashes();
  readonly #context: WorkerContext;
  readonly #spans: readonly ElectSpan[];
  readonly #finder: PlaceFinder;
  /** By span; the one used last is the last one. */
  readonly #open = new Map<number, OpenFile>();
  #buffer = new Uint8Array(1 << 16);
  #format: TokenFormat | undefined;
  #tokenWords: TokenWords | undefined;

  constructor(context: WorkerContext, spans: readonly ElectSpan[], finder: PlaceFinder) {
    this.#context = context;
    this.#spans = spans;
    this.#finder = finder;
  }

  /** Reads the words of a row; false where a token of it stands for text that nobody knows. Throws RunError `store/damaged`. */
  read(place: Place): boolean {
    const source = this.#finder.sourceOf(entryAt(this.#spans, place.span, "span"));
    return source.tokenized ? this.#readTokens(place, source) : this.#readText(place, source);
  }

  close(): void {
    for (const { descriptor } of this.#open.values()) fs.closeSync(descriptor);
    this.#open.clear();
  }

  #readText({ span, start, length }: Place, source: SourcePlan): boolean {
    this.#fill(span, source, start, length);
    this.hashes.open();
    this.hashes.feed(this.#buffer, 0, length);
    this.hashes.close();
    return true;
  }

  #readTokens({ span, start, length }: Place, source: SourcePlan): boolean {
    this.#format ??= formatOf(tokenizerOf(this.#context.plan));
    const { token_bytes, appends_eos, bos } = this.#format;
    const first = bos === undefined ? 0 : 1;
    const count = Math.max(0, length - first - (appends_eos ? 1 : 0));
    this.#fill(span, source, (start + first) * token_bytes, count * token_bytes);
    const { buffer } = this.#buffer;
    const ids = token_bytes === 2 ? new Uint16Array(buffer, 0, count) : new Uint32Array(buffer, 0, count);
    this.#tokenWords ??= tokenWordsOf(this.#context, source);
    return this.#tokenWords.hash(ids, 0, count, this.hashes);
  }

  #fill(span: number, source: SourcePlan, start: number, bytes: number): void {
    if (this.#buffer.length < bytes) this.#buffer = new Uint8Array(2 ** Math.ceil(Math.log2(bytes)));
    const { blocks, descriptor } = this.#opened(span, source);
    blocks.fill(descriptor, this.#buffer.subarray(0, bytes), start);
  }

  #opened(index: number, source: SourcePlan): OpenFile {
    const known = this.#open.get(index);
    if (known !== undefined) {
      this.#open.delete(index);
      this.#open.set(index, known);
      return known;
    }
    const [oldest] = this.#open;
    if (oldest !== undefined && this.#open.size >= OPEN_FILES) {
      fs.closeSync(oldest[1].descriptor);
      this.#open.delete(oldest[0]);
    }
    const { span } = entryAt(this.#spans, index, "span");
    const folder = this.#context.layout.ingest(source.ingest);
    const name = source.tokenized ? spanFiles.tokens(span) : spanFiles.texts(span);
    const blocks = new Blocks(vouch({ folder, marker: spanFiles.marker(span), name }));
    const opened = { blocks, descriptor: blocks.open() };
    this.#open.set(index, opened);
    return opened;
  }
}

/** One for all elections of a thread: a plan has one tokenizer. */
const made = new WeakMap<WorkerContext, TokenWords>();

function tokenWordsOf(context: WorkerContext, { name, stages }: SourcePlan): TokenWords {
  const known = made.get(context);
  if (known !== undefined) return known;
  const stage = stages.at(-1);
  if (stage?.use !== "tokenize/bpe") throw new Error(`${name} has tokens and no stage that makes them`);
  const options = stage.options as Readonly<Record<string, unknown>> & VocabularyRef;
  const { model, unknownId = -1 } = openVocabulary(options, assetsOf(stage, context.environment.assets));
  const { bytes, offsets } = model.vocabulary;
  const words = new TokenWords({ bytes, offsets, signed: model.characters !== undefined, unknown: unknownId });
  made.set(context, words);
  return words;
}
