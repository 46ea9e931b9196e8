/**
 * One file of an output: the surviving rows of some spans, in order of address, encoded by the output's sink.
 *
 * Beside it, where the output keeps them, the rows that did not survive: those that stages dropped, and those that a dropping barrier took.
 * Memory: a block of a spool and what the sink holds.
 */
import { join } from "node:path";
import type { Batch } from "../../batch/batch.ts";
import { Bitmap } from "../../batch/bitmap.ts";
import { columnArrays } from "../../batch/column.ts";
import { release } from "../../batch/memory.ts";
import { commitMarker, createPending } from "../../io/local/commit.ts";
import { readPart } from "../../io/local/read-part.ts";
import { outputFiles, spanFiles } from "../../store/layout.ts";
import { readSpool } from "../../store/spool-reader.ts";
import type { WorkerContext } from "../context.ts";
import type { WriteMarker, WritePart, WriteTask } from "../protocol.ts";

export function write(task: WriteTask, context: WorkerContext): WriteMarker {
  const output = context.plan.outputs[task.output];
  const folder = context.layout.output(output.fingerprint);
  const operator = context.operator(output.format);
  if (operator.kind !== "sink") throw new Error(`${output.format.use} does not write rows`);
  const pending = createPending(join(folder, outputFiles.shard(task.shard, operator.extension)));
  let rows = 0;
  let textBytes = 0;
  try {
    const sink = operator.open(output.columns, (bytes) => pending.write(bytes));
    for (const part of task.parts) {
      for (const batch of survivors(part, context)) {
        const { offsets } = batch.text;
        batch.alive.forEach((row) => {
          rows++;
          textBytes += offsets[row + 1] - offsets[row];
        });
        sink.append(batch);
        for (const column of batch.columns.values()) for (const array of columnArrays(column)) release(array);
      }
    }
    sink.finish();
    const marker: WriteMarker = { files: [pending.commit()], rows, dropped_rows: 0, text_bytes: textBytes };
    commitMarker(join(folder, outputFiles.marker(task.shard)), marker);
    return marker;
  } catch (error) {
    pending.abort();
    throw error;
  }
}

/** Batches of a part in which only the rows to write are alive. */
function* survivors(
  { source, span, survivors: bits, skip, take }: WritePart,
  context: WorkerContext,
): Generator<Batch> {
  const planned = context.plan.sources[source];
  const path = join(context.layout.ingest(planned.ingest), spanFiles.spool(span));
  const alive = bits && new Bitmap(bits.documents, readPart(bits.path, bits.at, Math.ceil(bits.documents / 8)).slice());
  let passed = 0;
  for (const batch of readSpool(path, planned.name)) {
    for (let row = 0; row < batch.rows; row++) {
      const survives = alive === undefined || alive.has(batch.document(row));
      const wanted = survives && passed >= skip && passed < skip + take;
      if (survives) passed++;
      if (!wanted) batch.alive.clear(row);
    }
    yield batch;
    if (passed >= skip + take) return;
  }
}
