/**
 * Everything a pass leaves of a span: ledger, key files, and at the end documents and tokens, or a spool for who comes after.
 *
 * Invariant: nothing is visible under a final name before `commit`. Memory: the side tables of its parts, a run of tokens, a block of the spool.
 */
import { join } from "node:path";
import type { Batch } from "../../../batch/batch.ts";
import type { Utf8Column } from "../../../batch/column.ts";
import { int32At } from "../../../batch/numbers.ts";
import { commitIntermediate } from "../../../io/local/commit.ts";
import type { VouchedFile } from "../../../io/local/vouched.ts";
import type { RowHasher } from "../../../kernels/hash/xxh64-rows.ts";
import { leavesTexts, type PassPlan, type SourcePlan } from "../../../plan/plan.ts";
import type { BarrierOperator, Drop } from "../../../stages/define.ts";
import { spanFiles } from "../../../store/layout.ts";
import type { WorkerContext } from "../../context.ts";
import type { RowFigures } from "../../protocol.ts";
import { figureColumns, readFigures } from "../span-figures.ts";
import type { BarrierKeys } from "./barrier-keys.ts";
import { DocumentsTable } from "./documents.ts";
import { DroppedRows } from "./dropped.ts";
import { SpanFigures } from "./figures.ts";
import { FindingsTable } from "./findings.ts";
import { barrierKeys } from "./keys.ts";
import { Ledger } from "./ledger.ts";
import { SpanRows } from "./rows.ts";
import { SpanTexts } from "./texts.ts";
import { SpanTokens } from "./tokens.ts";

/** The span that is worked on, and where its files go. */
export interface SpanPlace {
  readonly folder: string;
  readonly span: number;
  readonly source: SourcePlan;
  readonly pass: PassPlan;
  /** Whether it is the last pass of its source. */
  readonly last: boolean;
}

export class SpanProducts {
  readonly #place: SpanPlace;
  readonly #ledger = new Ledger();
  readonly #findings = new FindingsTable();
  /** By barrier of the source; undefined for those of other passes. */
  readonly #keys: readonly (BarrierKeys | undefined)[];
  readonly #documents: DocumentsTable | undefined;
  readonly #tokens: SpanTokens | undefined;
  readonly #texts: SpanTexts | undefined;
  readonly #rows: SpanRows | undefined;
  readonly #dropped: DroppedRows | undefined;
  readonly #figures: SpanFigures | undefined;
  readonly #hasher: RowHasher;

  /** `operator` gives the operator of a stage by its position. */
  constructor(place: SpanPlace, operator: (stage: number) => BarrierOperator, context: WorkerContext) {
    const { folder, span, source, pass, last } = place;
    this.#place = place;
    this.#hasher = context.textHasher;
    this.#keys = source.barriers.map(({ stage, partitions }, barrier) => {
      if (stage < pass.first || stage >= pass.end) return undefined;
      return barrierKeys(operator(stage), { folder, span, barrier, partitions }, context.runBuffers(barrier));
    });
    if (last) this.#documents = new DocumentsTable(source);
    if (last && source.tokenized) this.#tokens = new SpanTokens(folder, span, source, context.plan);
    if (last && leavesTexts(source)) this.#texts = new SpanTexts(join(folder, spanFiles.texts(span)));
    if (pass.spool !== undefined) this.#rows = new SpanRows(join(folder, spanFiles.spool(span)), pass.spool);
    this.#figures = openFigures(place, context);
    if (pass.keep_dropped) this.#dropped = new DroppedRows(folder, span, source, pass);
  }

  /** Parts that the editing barriers of the pass have seen, in pipeline order. */
  get parts(): readonly number[] {
    return this.#keys.flatMap((keys) => (keys?.parts === undefined ? [] : [keys.parts]));
  }

  /** Sums of what stages up to here counted of the rows that leave the pass. */
  get figures(): RowFigures | undefined {
    return this.#figures?.sums();
  }

  /** Bytes of the values that later tasks get, by column, once committed; undefined where the pass leaves no rows. */
  get columnBytes(): Readonly<Record<string, number>> | undefined {
    return this.#rows?.valueBytes();
  }

  /** `drop` is that of the barrier's stage. */
  sketch(batch: Batch, barrier: number, drop: Drop): void {
    this.#keys[barrier]?.sketch(batch, drop);
  }

  /** Must be called before a stage's new text takes the place of the one that rows were judged by. */
  keepDropped(batch: Batch, text: Utf8Column): void {
    this.#dropped?.keep(batch, text);
  }

  /** Takes what is left of a batch. */
  write(batch: Batch): { kept: number; text_bytes: number; tokens: number } {
    this.#dropped?.write(batch);
    this.#ledger.add(batch);
    this.#findings.add(batch);
    this.#rows?.add(batch);
    this.#figures?.add(batch);
    const documents = this.#documents;
    if (documents === undefined) return this.#count(batch);
    this.#texts?.add(batch);
    const { offsets } = batch.text;
    const tokens = this.#tokens?.open(batch) ?? 0;
    const hashes = new Uint32Array(this.#tokens === undefined ? 0 : 2 * batch.rows);
    if (this.#tokens !== undefined) this.#hasher.hashRows(batch.text, batch.alive, hashes);
    let kept = 0;
    let textBytes = 0;
    batch.alive.forEach((row) => {
      const bytes = int32At(offsets, row + 1) - int32At(offsets, row);
      if (this.#tokens === undefined) documents.addRow(batch, row, batch.document(row), bytes);
      else documents.addTokenized(batch, row, batch.document(row), bytes, this.#tokens.add(batch, row), hashes);
      kept++;
      textBytes += bytes;
    });
    return { kept, text_bytes: textBytes, tokens };
  }

  #count(batch: Batch): { kept: number; text_bytes: number; tokens: number } {
    const { offsets } = batch.text;
    let kept = 0;
    let textBytes = 0;
    batch.alive.forEach((row) => {
      kept++;
      textBytes += int32At(offsets, row + 1) - int32At(offsets, row);
    });
    return { kept, text_bytes: textBytes, tokens: 0 };
  }

  commit(): readonly VouchedFile[] {
    const { folder, span } = this.#place;
    const files: VouchedFile[] = [];
    const places = this.#tokens?.finish();
    if (this.#tokens !== undefined) files.push(...this.#tokens.commit());
    for (const keys of this.#keys) if (keys !== undefined) files.push(...keys.commit());
    if (this.#texts !== undefined) files.push(this.#texts.commit());
    if (this.#documents !== undefined)
      files.push(commitIntermediate(join(folder, spanFiles.documents(span)), this.#documents.encode(places)));
    files.push(commitIntermediate(join(folder, spanFiles.ledger(span)), this.#ledger.encode()));
    if (this.#findings.rows > 0)
      files.push(commitIntermediate(join(folder, spanFiles.findings(span)), this.#findings.encode()));
    if (this.#figures !== undefined)
      files.push(commitIntermediate(join(folder, spanFiles.figures(span)), this.#figures.encode()));
    if (this.#rows !== undefined) files.push(this.#rows.commit());
    if (this.#dropped !== undefined) files.push(this.#dropped.commit());
    return files;
  }

  abort(): void {
    this.#tokens?.abort();
    this.#texts?.abort();
    for (const keys of this.#keys) keys?.abort();
    this.#rows?.abort();
    this.#dropped?.abort();
  }
}

/** Undefined where no stage up to here counts anything of rows. */
function openFigures({ span, source, pass }: SpanPlace, { layout }: WorkerContext): SpanFigures | undefined {
  const columns = figureColumns(source, pass.end);
  if (columns.length === 0) return undefined;
  const earlier = figureColumns(source, pass.first);
  const before = source.passes[source.passes.indexOf(pass) - 1];
  const table =
    before && earlier.length > 0 ? readFigures(layout.ingest(before.fingerprint), span, earlier) : undefined;
  return new SpanFigures(columns, table);
}
