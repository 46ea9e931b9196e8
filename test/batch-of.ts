/** Builds batches by hand for tests: one source, one shard, rows in the order given, all alive. */
import { Batch } from "../batch/batch.ts";
import { Utf8Builder } from "../batch/builder.ts";

/** A batch with the columns `id` (the row number) and `text`. Strings become UTF-8; bytes are taken as they are, valid or not. */
export function batchOf(texts: readonly (string | Uint8Array)[]): Batch {
  const ids = new Utf8Builder();
  const builder = new Utf8Builder();
  for (const [row, text] of texts.entries()) {
    ids.appendString(String(row));
    if (typeof text === "string") builder.appendString(text);
    else builder.append(text);
  }
  return new Batch({
    source: "test",
    shards: new Int32Array(texts.length),
    rowsInShard: Int32Array.from(texts.keys()),
    columns: [
      ["id", ids.finish()],
      ["text", builder.finish()],
    ],
  });
}
