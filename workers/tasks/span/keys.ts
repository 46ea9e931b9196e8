/**
 * What a pass leaves for its barriers: a key file each, signatures where a barrier verifies, a table of parts where it edits.
 *
 * Invariant: an editing barrier's keys are numbered by part, those of every other by document, both from 0 in the span and ascending.
 */
import { join } from "node:path";
import type { Batch } from "../../../batch/batch.ts";
import { Int32Builder } from "../../../batch/builder.ts";
import type { Column } from "../../../batch/column.ts";
import { encodeArrow } from "../../../io/formats/arrow-table.ts";
import { commitIntermediate, createIntermediate, type PendingFile } from "../../../io/local/commit.ts";
import type { VouchedFile } from "../../../io/local/vouched.ts";
import type {
  BarrierOperator,
  Drop,
  DropBarrierOperator,
  PartBarrierOperator,
  RankBarrierOperator,
  SelectBarrierOperator,
  SequenceBarrierOperator,
} from "../../../stages/define.ts";
import { KeyFileWriter, type RunBuffers } from "../../../store/key-file.ts";
import { spanFiles } from "../../../store/layout.ts";
import { SignatureWriter } from "../../../store/signature-file.ts";
import type { BarrierKeys, KeysPlace } from "./barrier-keys.ts";
import { FragmentKeys } from "./fragment-keys.ts";

/** Says in a table of parts that one has no key. */
export const NO_KEY = -1;

export function barrierKeys(operator: BarrierOperator, place: KeysPlace, buffers: RunBuffers): BarrierKeys {
  switch (operator.verdict) {
    case "drop":
      return new RowKeys(operator, place, buffers);
    case "edit":
      return operator.unit === "fragments"
        ? new FragmentKeys(operator, place, buffers)
        : new PartKeys(operator, place, buffers);
    case "select":
    case "rank":
      return new DrawKeys(operator, place, buffers);
    case "sequence":
      return operator.unit === "part" ? new PartKeys(operator, place, buffers) : new UnitKeys(operator, place, buffers);
  }
}

/** Keys of whole rows that are compared. */
class RowKeys implements BarrierKeys {
  readonly parts = undefined;
  readonly #operator: DropBarrierOperator;
  readonly #keys: KeyFileWriter;
  readonly #keyFile: PendingFile<VouchedFile>;
  readonly #signatures: SignatureWriter | undefined;
  readonly #signatureFile: PendingFile<VouchedFile> | undefined;

  constructor(operator: DropBarrierOperator, place: KeysPlace, buffers: RunBuffers) {
    const { folder, span, barrier, partitions } = place;
    const { key_bytes, verify } = operator;
    const path = join(folder, spanFiles.keys(span, barrier));
    this.#operator = operator;
    this.#keyFile = createIntermediate(path);
    this.#keys = new KeyFileWriter(this.#keyFile, { partitions, key_bytes }, buffers);
    if (verify === undefined) return;
    this.#signatureFile = createIntermediate(spanFiles.signatures(path));
    this.#signatures = new SignatureWriter(this.#signatureFile, verify.slots);
  }

  sketch(batch: Batch, drop: Drop): void {
    const { key_bytes, keys_per_row, sketch, judge, verify } = this.#operator;
    const keys = new Uint32Array((key_bytes / 4) * keys_per_row);
    const signature = new Uint16Array(verify?.slots ?? 0);
    batch.alive.forEach((row) => {
      if (!sketch(batch, row, keys)) return;
      const verdict = judge?.(keys);
      if (verdict !== undefined) {
        drop(row, verdict.reason, verdict.value);
        return;
      }
      this.#keys.add(batch.document(row), keys);
      verify?.signature(signature);
      this.#signatures?.add(batch.document(row), signature);
    });
  }

  commit(): readonly VouchedFile[] {
    this.#keys.finish();
    this.#signatures?.finish();
    return [this.#keyFile.commit(), ...(this.#signatureFile === undefined ? [] : [this.#signatureFile.commit()])];
  }

  abort(): void {
    this.#keyFile.abort();
    this.#signatureFile?.abort();
  }
}

/** Keys by which rows are put in order. */
class DrawKeys implements BarrierKeys {
  readonly parts = undefined;
  readonly #operator: SelectBarrierOperator | RankBarrierOperator;
  readonly #keys: KeyFileWriter;
  readonly #keyFile: PendingFile<VouchedFile>;

  constructor(
    operator: SelectBarrierOperator | RankBarrierOperator,
    { folder, span, barrier, partitions }: KeysPlace,
    buffers: RunBuffers,
  ) {
    const { key_bytes } = operator;
    this.#operator = operator;
    this.#keyFile = createIntermediate(join(folder, spanFiles.keys(span, barrier)));
    this.#keys = new KeyFileWriter(this.#keyFile, { partitions, key_bytes }, buffers);
  }

  sketch(batch: Batch, drop: Drop): void {
    const { draw, key_bytes } = this.#operator;
    const keyless = this.#operator.verdict === "select" ? this.#operator.keyless : undefined;
    const key = new Uint32Array(key_bytes / 4);
    const keyOf = draw(batch);
    batch.alive.forEach((row) => {
      if (keyOf(row, key)) this.#keys.add(batch.document(row), key);
      else if (keyless !== undefined) drop(row, keyless);
    });
  }

  commit(): readonly VouchedFile[] {
    this.#keys.finish();
    return [this.#keyFile.commit()];
  }

  abort(): void {
    this.#keyFile.abort();
  }
}

/** Keys of whole rows that are judged in order: as many a row as it has. */
class UnitKeys implements BarrierKeys {
  readonly parts = undefined;
  readonly #operator: SequenceBarrierOperator;
  readonly #keys: KeyFileWriter;
  readonly #keyFile: PendingFile<VouchedFile>;

  constructor(
    operator: SequenceBarrierOperator,
    { folder, span, barrier, partitions }: KeysPlace,
    buffers: RunBuffers,
  ) {
    const { key_bytes } = operator;
    this.#operator = operator;
    this.#keyFile = createIntermediate(join(folder, spanFiles.keys(span, barrier)));
    this.#keys = new KeyFileWriter(this.#keyFile, { partitions, key_bytes }, buffers);
  }

  sketch(batch: Batch): void {
    batch.alive.forEach((row) => {
      this.#operator.parts(batch, row, (keys) => this.#keys.add(batch.document(row), keys));
    });
  }

  commit(): readonly VouchedFile[] {
    this.#keys.finish();
    return [this.#keyFile.commit()];
  }

  abort(): void {
    this.#keyFile.abort();
  }
}

/** What says where the parts of rows are, and their keys. */
type PartOperator = Pick<PartBarrierOperator, "key_bytes" | "parts">;

/** Keys of parts of rows, and where those parts lie; of a part without a key, the end is below 0: {@link NO_KEY} less the end. Memory: 12 bytes a part. */
class PartKeys implements BarrierKeys {
  readonly #operator: PartOperator;
  readonly #place: KeysPlace;
  readonly #keys: KeyFileWriter;
  readonly #keyFile: PendingFile<VouchedFile>;
  readonly #document = new Int32Builder();
  readonly #start = new Int32Builder();
  readonly #end = new Int32Builder();

  constructor(operator: PartOperator, place: KeysPlace, buffers: RunBuffers) {
    const { folder, span, barrier, partitions } = place;
    this.#operator = operator;
    this.#place = place;
    this.#keyFile = createIntermediate(join(folder, spanFiles.keys(span, barrier)));
    this.#keys = new KeyFileWriter(this.#keyFile, { partitions, key_bytes: operator.key_bytes }, buffers);
  }

  get parts(): number {
    return this.#document.length;
  }

  sketch(batch: Batch): void {
    batch.alive.forEach((row) => {
      const number = batch.document(row);
      this.#operator.parts(batch, row, (key, start, end) => {
        if (key !== undefined) this.#keys.add(this.#document.length, key);
        this.#document.append(number);
        this.#start.append(start);
        this.#end.append(key === undefined ? NO_KEY - end : end);
      });
    });
  }

  commit(): readonly VouchedFile[] {
    this.#keys.finish();
    const { folder, span, barrier } = this.#place;
    const columns = new Map<string, Column>([
      ["document", { kind: "int32", values: this.#document.finish() }],
      ["start", { kind: "int32", values: this.#start.finish() }],
      ["end", { kind: "int32", values: this.#end.finish() }],
    ]);
    const table = encodeArrow(columns, this.parts);
    return [this.#keyFile.commit(), commitIntermediate(join(folder, spanFiles.parts(span, barrier)), table)];
  }

  abort(): void {
    this.#keyFile.abort();
  }
}
