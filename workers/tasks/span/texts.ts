/**
 * The texts of the documents of a span, one behind the other, for an election that compares them where there are no tokens.
 *
 * Invariant: texts lie in the order of the documents table, whose sizes say where each begins. Price: a byte a byte, until the output is written.
 */
import type { Batch } from "../../../batch/batch.ts";
import { int32At } from "../../../batch/numbers.ts";
import { BufferedWriter } from "../../../io/local/buffered-writer.ts";
import { createIntermediate, type PendingFile } from "../../../io/local/commit.ts";
import type { VouchedFile } from "../../../io/local/vouched.ts";

export class SpanTexts {
  readonly #file: PendingFile<VouchedFile>;
  readonly #writer: BufferedWriter;

  constructor(path: string) {
    const file = createIntermediate(path);
    this.#file = file;
    this.#writer = new BufferedWriter((bytes) => file.write(bytes));
  }

  add(batch: Batch): void {
    const { data, offsets } = batch.text;
    batch.alive.forEach((row) => {
      this.#writer.write(data.subarray(int32At(offsets, row), int32At(offsets, row + 1)));
    });
  }

  commit(): VouchedFile {
    this.#writer.close();
    return this.#file.commit();
  }

  abort(): void {
    this.#file.abort();
  }
}
