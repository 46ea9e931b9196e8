/** Runs a dedup stage through its three phases as an executor does: key files per span, pairs per partition, one union. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { Batch } from "../../../batch/batch.ts";
import { Utf8Builder } from "../../../batch/builder.ts";
import { createIntermediate } from "../../../io/local/commit.ts";
import { Leaders } from "../../../kernels/dedup/leaders.ts";
import { rootsToSizes, UnionFind } from "../../../kernels/dedup/union-find.ts";
import type { BarrierOperator, DropBarrierOperator } from "../../../stages/define.ts";
import { KeyFileWriter } from "../../../store/key-file.ts";
import { type KeyInput, PartitionMatcher } from "../../../store/match-partition.ts";
import { SignatureReader, SignatureWriter } from "../../../store/signature-file.ts";
import { vouchedFor } from "../../io/vouched.ts";

export interface Phases {
  /** Documents per span. */
  readonly span: number;
  readonly partitions: number;
  readonly memory_bytes: number;
  /** Whether files and partitions are given in another order. */
  readonly reversed?: boolean;
}

export interface Clusters {
  readonly roots: Uint32Array;
  readonly sizes: Uint32Array;
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

/** A barrier's operator, which must be one that drops rows. */
export function dropping(operator: BarrierOperator): DropBarrierOperator {
  if (operator.verdict !== "drop") throw new Error("the barrier edits");
  return operator;
}

/** The keys of one text; undefined where it has none. */
export function keysOf(operator: DropBarrierOperator, text: string | Uint8Array | null): Uint32Array | undefined {
  const out = new Uint32Array((operator.key_bytes / 4) * operator.keys_per_row);
  return operator.sketch(batchOf([text]), 0, out) ? out : undefined;
}

export function cluster(
  operator: DropBarrierOperator,
  texts: readonly (string | Uint8Array)[],
  phases: Phases,
): Clusters {
  const { key_bytes, keys_per_row, verify } = operator;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "phases-"));
  try {
    const keys = new Uint32Array((key_bytes / 4) * keys_per_row);
    const signature = new Uint16Array(verify?.slots ?? 0);
    const inputs: KeyInput[] = [];
    const signatures: KeyInput[] = [];
    for (let first = 0; first < texts.length; first += phases.span) {
      const batch = batchOf(texts.slice(first, first + phases.span));
      const file = createIntermediate(path.join(folder, `${first}.keys`));
      const writer = new KeyFileWriter(file, { key_bytes, partitions: phases.partitions });
      const signatureFile = createIntermediate(path.join(folder, `${first}.signatures`));
      const signatureWriter = new SignatureWriter(signatureFile, verify?.slots ?? 1);
      for (let row = 0; row < batch.rows; row++) {
        if (!operator.sketch(batch, row, keys)) continue;
        writer.add(row, keys);
        if (verify === undefined) continue;
        verify.signature(signature);
        signatureWriter.add(row, signature);
      }
      writer.finish();
      inputs.push({ file: vouchedFor(file.target, file.commit()), firstDocument: first });
      signatureWriter.finish();
      signatures.push({ file: vouchedFor(signatureFile.target, signatureFile.commit()), firstDocument: first });
    }
    const partitions = Array.from({ length: phases.partitions }, (_, partition) => partition);
    if (phases.reversed) {
      inputs.reverse();
      partitions.reverse();
    }
    const matcher = new PartitionMatcher(key_bytes);
    const union = new UnionFind(texts.length);
    const reader = new SignatureReader(signatures, verify?.slots ?? 1);
    const leaders =
      verify && new Leaders(verify.slots, verify.similar, (document, out, at) => reader.read(document, out, at));
    for (const partition of partitions) {
      matcher.match(inputs, partition, { memory_bytes: phases.memory_bytes }, (documents, count) => {
        if (leaders) leaders.match(documents, count, (a, b) => union.unite(Uint32Array.of(a, b)));
        else union.uniteGroup(documents, count);
      });
    }
    reader.close();
    const roots = union.finish();
    return { roots, sizes: rootsToSizes(roots.slice()) };
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}
