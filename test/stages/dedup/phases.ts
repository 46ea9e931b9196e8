/** Runs a dedup stage through its three phases as an executor does: key files per span, pairs per partition, one union. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { Batch } from "../../../batch/batch.ts";
import { Utf8Builder } from "../../../batch/builder.ts";
import { createPending } from "../../../io/commit.ts";
import { KeyFileWriter, type KeyInput, matchPartition } from "../../../io/key-file.ts";
import { type Clusters, uniteEdges } from "../../../kernels/union-find.ts";
import type { BarrierOperator } from "../../../stages/define.ts";

export interface Phases {
  /** Documents per span. */
  readonly span: number;
  readonly partitions: number;
  readonly memory_bytes: number;
  /** Whether files and partitions are given in another order. */
  readonly reversed?: boolean;
}

export function batchOf(texts: readonly (string | Uint8Array | null)[]): Batch {
  const builder = new Utf8Builder();
  for (const text of texts) {
    if (text === null) builder.appendNull();
    else if (typeof text === "string") builder.appendString(text);
    else builder.append(text);
  }
  return new Batch({
    source: "test",
    shards: new Int32Array(texts.length),
    rowsInShard: Int32Array.from(texts, (_, row) => row),
    columns: [["text", builder.finish()]],
  });
}

/** The keys of one text; undefined where it has none. */
export function keysOf(operator: BarrierOperator, text: string | Uint8Array | null): Uint32Array | undefined {
  const out = new Uint32Array((operator.key_bytes / 4) * operator.keys_per_row);
  return operator.sketch(batchOf([text]), 0, out) ? out : undefined;
}

export function cluster(operator: BarrierOperator, texts: readonly (string | Uint8Array)[], phases: Phases): Clusters {
  const { key_bytes, keys_per_row } = operator;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "phases-"));
  try {
    const keys = new Uint32Array((key_bytes / 4) * keys_per_row);
    const inputs: KeyInput[] = [];
    for (let first = 0; first < texts.length; first += phases.span) {
      const batch = batchOf(texts.slice(first, first + phases.span));
      const file = createPending(path.join(folder, `${first}.keys`));
      const writer = new KeyFileWriter(file, { key_bytes, partitions: phases.partitions });
      for (let row = 0; row < batch.rows; row++) if (operator.sketch(batch, row, keys)) writer.add(row, keys);
      writer.finish();
      file.commit();
      inputs.push({ path: file.target, firstDocument: first });
    }
    const partitions = Array.from({ length: phases.partitions }, (_, partition) => partition);
    if (phases.reversed) {
      inputs.reverse();
      partitions.reverse();
    }
    const edges = partitions.map((partition) =>
      matchPartition(inputs, partition, { key_bytes, memory_bytes: phases.memory_bytes }),
    );
    return uniteEdges(texts.length, edges);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}
