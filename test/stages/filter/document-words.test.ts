/** Words are segmented once for all filters of a batch, and never taken for those of another text, row or set of rules. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Batch } from "../../../batch/batch.ts";
import { PlainQualityDocument } from "../../../kernels/quality/document.ts";
import type { WordList } from "../../../kernels/quality/word-list.ts";
import { DocumentWords } from "../../../stages/filter/document-words.ts";
import { batchOf } from "../../batch-of.ts";

/** Counts how often it segments, and says so many words when asked to. */
class CountingDocument extends PlainQualityDocument {
  segmented = 0;
  pretended: number | undefined;
  readonly given: number[] = [];

  override segment(start: number, end: number): WordList {
    this.segmented++;
    const words = super.segment(start, end);
    if (this.pretended === undefined) return words;
    return { starts: new Int32Array(this.pretended), ends: new Int32Array(this.pretended), count: this.pretended };
  }

  override setWords(words: WordList): void {
    this.given.push(words.count);
    super.setWords(words);
  }
}

function load(words: DocumentWords, document: CountingDocument, batch: Batch, row: number): string[] {
  const { data, offsets } = batch.text;
  document.open(data, offsets[row], offsets[row + 1]);
  const { starts, ends, count } = words.of(batch).load(document, row);
  return Array.from({ length: count }, (_, i) => Buffer.from(data.subarray(starts[i], ends[i])).toString());
}

test("the second filter of a batch is given the words of the first", () => {
  const batch = batchOf(["one two, don't", "drei", ""]);
  const document = new CountingDocument();
  const first = new DocumentWords("unicode");
  assert.deepEqual(load(first, document, batch, 1), ["drei"]);
  assert.deepEqual(load(first, document, batch, 0), ["one", "two", "don't"]);
  assert.equal(document.segmented, 2);
  assert.deepEqual(document.given, [], "a document that has segmented holds its words");
  const second = new DocumentWords("unicode");
  assert.deepEqual(load(second, document, batch, 0), ["one", "two", "don't"]);
  assert.deepEqual(load(second, document, batch, 1), ["drei"]);
  assert.equal(document.segmented, 2);
  assert.deepEqual(document.given, [3, 1]);
  assert.deepEqual(load(second, document, batch, 2), []);
  assert.deepEqual(load(first, document, batch, 2), []);
  assert.equal(document.segmented, 3);
});

test("other rules have other words", () => {
  const batch = batchOf(["don't"]);
  const document = new CountingDocument();
  assert.deepEqual(load(new DocumentWords("unicode"), document, batch, 0), ["don't"]);
  assert.deepEqual(load(new DocumentWords("spacy-en"), document, batch, 0), ["do", "n't"]);
  assert.equal(document.segmented, 1);
  assert.deepEqual(document.given, [2]);
});

test("another batch has other words, and so has a batch whose text was replaced", () => {
  const document = new CountingDocument();
  const words = new DocumentWords("unicode");
  const batches = [batchOf(["a b"]), batchOf(["a b"]), batchOf(["c", "d e f"])];
  for (const [i, wanted] of [
    [0, ["a", "b"]],
    [1, ["a", "b"]],
    [2, ["c"]],
    [0, ["a", "b"]],
  ] as const) {
    assert.deepEqual(load(words, document, batches[i], 0), wanted);
  }
  assert.equal(document.segmented, 3, "each batch keeps its own");
  batches[0].setColumn("text", batchOf(["g h"]).text);
  assert.deepEqual(load(words, document, batches[0], 0), ["g", "h"]);
  batches[1].setColumn("other", batchOf(["i"]).text);
  load(words, document, batches[1], 0);
  assert.equal(document.segmented, 4, "only another text has other words");
});

test("counting takes what is known and keeps nothing of its own", () => {
  const batch = batchOf([`one two\n${"\n".repeat(3000)}three`]);
  const document = new CountingDocument();
  const words = new DocumentWords("unicode");
  document.open(batch.text.data, 0, batch.text.offsets[1]);
  assert.equal(words.of(batch).count(document, 0, 3001, 0.1), 3);
  assert.equal(words.of(batch).count(document, 0, 3001, 2000), 2, "stops where the rule is settled");
  const before = document.segmented;
  load(words, document, batch, 0);
  assert.equal(words.of(batch).count(document, 0, 3001, 2000), 3);
  assert.equal(document.segmented, before + 1);
});

test("more words than are kept are segmented again, not lost", () => {
  const batch = batchOf(["a b", "c"]);
  const document = new CountingDocument();
  const words = new DocumentWords("unicode");
  document.pretended = (1 << 22) + 1;
  assert.equal(load(words, document, batch, 0).length, document.pretended);
  document.pretended = undefined;
  assert.deepEqual(load(words, document, batch, 0), ["a", "b"]);
  assert.equal(document.segmented, 2);
  assert.deepEqual(load(words, document, batch, 1), ["c"]);
});
