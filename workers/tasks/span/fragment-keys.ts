/**
 * What a pass leaves for a barrier that compares fragments: a key for each record of a sampled text, the words that say which fragments its samples stand
 * for, and how many records each text has.
 *
 * The samples file holds, for every text that has a fragment: document, number of words, the words (kernels/substring/sample-words.ts), as u32. Invariant:
 * records are numbered from 0 in the span, in the order of their texts. Memory: 8 bytes a text, and a writer's buffers.
 */
import { join } from "node:path";
import type { Batch } from "../../../batch/batch.ts";
import { Int32Builder } from "../../../batch/builder.ts";
import type { Column } from "../../../batch/column.ts";
import { int32At, uint32At } from "../../../batch/numbers.ts";
import { encodeArrow } from "../../../io/formats/arrow-table.ts";
import { fragmentSampler } from "../../../io/fragment-sampler.ts";
import { BufferedWriter } from "../../../io/local/buffered-writer.ts";
import { commitIntermediate, createIntermediate, type PendingFile } from "../../../io/local/commit.ts";
import type { VouchedFile } from "../../../io/local/vouched.ts";
import type { FragmentSampler, SampleSink } from "../../../kernels/substring/sampler.ts";
import type { FragmentBarrierOperator } from "../../../stages/define.ts";
import { KeyFileWriter, type RunBuffers } from "../../../store/key-file.ts";
import { spanFiles } from "../../../store/layout.ts";
import type { BarrierKeys, KeysPlace } from "./barrier-keys.ts";

/** Of a sample, and of a run of fragments. */
const FRAGMENT_KEY_BYTES = 16;

export class FragmentKeys implements BarrierKeys {
  readonly #operator: FragmentBarrierOperator;
  readonly #place: KeysPlace;
  readonly #sampler: FragmentSampler;
  readonly #keyFile: PendingFile<VouchedFile>;
  readonly #keys: KeyFileWriter;
  readonly #sampleFile: PendingFile<VouchedFile>;
  readonly #samples: BufferedWriter;
  readonly #documents = new Int32Builder();
  readonly #records = new Int32Builder();
  readonly #key = new Uint32Array(FRAGMENT_KEY_BYTES / 4);
  /** Words of the text at hand. */
  #words = new Uint32Array(1 << 10);
  #wordCount = 0;
  #recordCount = 0;

  constructor(operator: FragmentBarrierOperator, place: KeysPlace, buffers: RunBuffers) {
    const { folder, span, barrier, partitions } = place;
    this.#operator = operator;
    this.#place = place;
    this.#sampler = fragmentSampler(operator.shape);
    this.#keyFile = createIntermediate(join(folder, spanFiles.keys(span, barrier)));
    this.#keys = new KeyFileWriter(this.#keyFile, { partitions, key_bytes: FRAGMENT_KEY_BYTES }, buffers);
    this.#sampleFile = createIntermediate(join(folder, spanFiles.samples(span, barrier)));
    this.#samples = new BufferedWriter((bytes) => this.#sampleFile.write(bytes));
  }

  get parts(): number {
    return this.#recordCount;
  }

  sketch(batch: Batch): void {
    const { data, offsets } = this.#operator.symbols(batch, batch.alive);
    const sink: SampleSink = { keys: (words) => this.#addKeys(words), words: (words) => this.#addWords(words) };
    batch.alive.forEach((row) => {
      const before = this.#recordCount;
      this.#wordCount = 2;
      this.#sampler.sample(data, int32At(offsets, row), int32At(offsets, row + 1), sink);
      if (this.#wordCount === 2) return;
      const document = batch.document(row);
      this.#words[0] = document;
      this.#words[1] = this.#wordCount - 2;
      this.#samples.write(new Uint8Array(this.#words.buffer, 0, 4 * this.#wordCount));
      this.#documents.append(document);
      this.#records.append(this.#recordCount - before);
    });
  }

  commit(): readonly VouchedFile[] {
    this.#keys.finish();
    this.#samples.close();
    const { folder, span, barrier } = this.#place;
    const rows = this.#documents.length;
    const columns = new Map<string, Column>([
      ["document", { kind: "int32", values: this.#documents.finish() }],
      ["records", { kind: "int32", values: this.#records.finish() }],
    ]);
    const parts = commitIntermediate(join(folder, spanFiles.parts(span, barrier)), encodeArrow(columns, rows));
    return [this.#keyFile.commit(), this.#sampleFile.commit(), parts];
  }

  abort(): void {
    this.#keyFile.abort();
    this.#sampleFile.abort();
  }

  #addKeys(words: Uint32Array): void {
    const key = this.#key;
    for (let at = 0; at < words.length; at += key.length) {
      for (let word = 0; word < key.length; word++) key[word] = uint32At(words, at + word);
      this.#keys.add(this.#recordCount++, key);
    }
  }

  #addWords(words: Uint32Array): void {
    const count = this.#wordCount + words.length;
    if (count > this.#words.length) {
      const larger = new Uint32Array(2 * count);
      larger.set(this.#words.subarray(0, this.#wordCount));
      this.#words = larger;
    }
    this.#words.set(words, this.#wordCount);
    this.#wordCount = count;
  }
}
