/** Words are segmented once for all filters of a batch, and never taken for those of another text, row or set of rules. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Utf8Column } from "../../../batch/column.ts";
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

function load(words: DocumentWords, document: CountingDocument, column: Utf8Column, row: number): string[] {
  document.open(column.data, column.offsets[row], column.offsets[row + 1]);
  const { starts, ends, count } = words.load(document, column, row);
  return Array.from({ length: count }, (_, i) => Buffer.from(column.data.subarray(starts[i], ends[i])).toString());
}

test("the second filter of a batch is given the words of the first", () => {
  const column = batchOf(["one two, don't", "drei", ""]).text;
  const document = new CountingDocument();
  const first = new DocumentWords("unicode");
  assert.deepEqual(load(first, document, column, 1), ["drei"]);
  assert.deepEqual(load(first, document, column, 0), ["one", "two", "don't"]);
  assert.equal(document.segmented, 2);
  assert.deepEqual(document.given, [], "a document that has segmented holds its words");
  const second = new DocumentWords("unicode");
  assert.deepEqual(load(second, document, column, 0), ["one", "two", "don't"]);
  assert.deepEqual(load(second, document, column, 1), ["drei"]);
  assert.equal(document.segmented, 2);
  assert.deepEqual(document.given, [3, 1]);
  assert.deepEqual(load(second, document, column, 2), []);
  assert.deepEqual(load(first, document, column, 2), []);
  assert.equal(document.segmented, 3);
});

test("other rules have other words", () => {
  const column = batchOf(["don't"]).text;
  const document = new CountingDocument();
  assert.deepEqual(load(new DocumentWords("unicode"), document, column, 0), ["don't"]);
  assert.deepEqual(load(new DocumentWords("spacy-en"), document, column, 0), ["do", "n't"]);
  assert.equal(document.segmented, 1);
  assert.deepEqual(document.given, [2]);
});

test("another column is another text, even with equal bytes", () => {
  const document = new CountingDocument();
  const words = new DocumentWords("unicode");
  const columns = [batchOf(["a b"]).text, batchOf(["a b"]).text, batchOf(["c", "d e f"]).text];
  for (const [i, wanted] of [
    [0, ["a", "b"]],
    [1, ["a", "b"]],
    [2, ["c"]],
    [0, ["a", "b"]],
  ] as const) {
    assert.deepEqual(load(words, document, columns[i], 0), wanted);
  }
  assert.equal(document.segmented, 4, "the words of one column at a time are kept");
});

test("counting takes what is known and keeps nothing of its own", () => {
  const column = batchOf([`one two\n${"\n".repeat(3000)}three`]).text;
  const document = new CountingDocument();
  const words = new DocumentWords("unicode");
  document.open(column.data, 0, column.offsets[1]);
  assert.equal(words.count(document, column, 0, 3001, 0.1), 3);
  assert.equal(words.count(document, column, 0, 3001, 2000), 2, "stops where the rule is settled");
  const before = document.segmented;
  load(words, document, column, 0);
  assert.equal(words.count(document, column, 0, 3001, 2000), 3);
  assert.equal(document.segmented, before + 1);
});

test("more words than are kept are segmented again, not lost", () => {
  const column = batchOf(["a b", "c"]).text;
  const document = new CountingDocument();
  const words = new DocumentWords("unicode");
  document.pretended = (1 << 22) + 1;
  assert.equal(load(words, document, column, 0).length, document.pretended);
  document.pretended = undefined;
  assert.deepEqual(load(words, document, column, 0), ["a", "b"]);
  assert.equal(document.segmented, 2);
  assert.deepEqual(load(words, document, column, 1), ["c"]);
});
