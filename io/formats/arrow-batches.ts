/**
 * Record batches of an Arrow IPC file or stream, one message at a time.
 *
 * Invariant: what is not Arrow to its end is a DataError that says where; memory is one record batch, plus the dictionaries so far. Bodies may be
 * plain, LZ4 or zstd. Price: one read per message, no copies where nothing is compressed.
 */
import { type RecordBatch, RecordBatchReader, type Schema } from "apache-arrow";
import { DataError, type Place, ShardmillError } from "../../batch/errors.ts";
import type { ByteSource } from "../source.ts";
import { arrowMessages } from "./arrow-messages.ts";
import { adviceOn, reasonOf } from "./decoder-faults.ts";

export function arrowError(place: Place, where: string, problem: unknown): DataError {
  return new DataError(
    {
      code: "data/bad-arrow",
      what: `${where}: ${reasonOf(problem)}`,
      ...adviceOn(problem, "Arrow IPC"),
      place,
    },
    { cause: problem },
  );
}

export interface ArrowFile {
  readonly schema: Schema;
  /** In order, each whole in memory. Throws DataError where the file is not Arrow to its end. */
  readonly batches: AsyncIterable<RecordBatch>;
}

/** Reads the schema of `source`; record batches follow as they are asked for. The caller closes the source. */
export async function openArrow(source: ByteSource, place: Place): Promise<ArrowFile> {
  try {
    const reader = await RecordBatchReader.from(arrowMessages(source));
    await reader.open();
    // Without a schema the reader closes itself and says nothing.
    if ((reader.schema as Schema | undefined) === undefined) throw new Error("there is no schema");
    return { schema: reader.schema, batches: recordBatches(reader, place) };
  } catch (error) {
    if (error instanceof ShardmillError) throw error;
    throw arrowError(place, "schema", error);
  }
}

async function* recordBatches(reader: RecordBatchReader, place: Place): AsyncGenerator<RecordBatch> {
  for (let batch = 0; ; batch++) {
    let next: IteratorResult<RecordBatch>;
    try {
      next = await reader.next();
    } catch (error) {
      if (error instanceof ShardmillError) throw error;
      throw arrowError(place, `record batch ${batch}`, error);
    }
    if (next.done) return;
    yield next.value;
  }
}
