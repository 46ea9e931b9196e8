/**
 * What became of the rows of one span, as far as it is recorded: its ledgers, its table of documents, the
 * duplicates, what is held out.
 *
 * Invariant: a row is kept only where every verdict has been given and none was against it. Price: the span's
 * tables in memory.
 */
import { entryAt } from "../../batch/entry.ts";
import { HeldOut } from "../../kernels/random/held-out.ts";
import type { Plan, SourcePlan } from "../../plan/plan.ts";
import { type Layout, spanFiles, tokenFiles } from "../../store/layout.ts";
import { markerFacts } from "../../store/marker.ts";
import type { IngestMarker, StoreMarker } from "../../workers/protocol.ts";
import type { Fate, PeekedVerdict } from "./document.ts";
import { Duplicates } from "./duplicates.ts";
import { type ReadSpan, rowKey, rowOfKey } from "./spans.ts";
import { SideTable } from "./tables.ts";

/** What is known of a row. */
export interface RowFate {
  readonly fate: Fate;
  readonly verdict?: PeekedVerdict;
  /** Of a duplicate: the position of its stage, and the survivor's number in the group. */
  readonly copyOf?: { readonly stage: number; readonly document: number };
}

/** Of rows that nothing was recorded of. */
const UNDECIDED: RowFate = { fate: "undecided" };

/** What is known of a source beyond its spans. */
export interface SourceVerdicts {
  readonly layout: Layout;
  readonly source: SourcePlan;
  readonly duplicates: Duplicates;
  /** What its store says; undefined while it is not whole. */
  readonly store: StoreMarker | undefined;
  /** Key of what is held out. */
  readonly validationSeed: number;
}

function storeOf(layout: Layout, source: SourcePlan): StoreMarker | undefined {
  return markerFacts<StoreMarker>(layout.tokens(source.tokens), tokenFiles.storeMarker);
}

export function sourceVerdicts(layout: Layout, plan: Plan, source: SourcePlan): SourceVerdicts {
  return {
    layout,
    source,
    duplicates: new Duplicates(layout, source),
    store: storeOf(layout, source),
    validationSeed: plan.recipe.validation?.seed ?? 0,
  };
}

export class SpanFates {
  /** In the order of rows, but that dropped ones stand behind the others. */
  readonly #fates = new Map<number, RowFate>();

  constructor(verdicts: SourceVerdicts, span: ReadSpan) {
    this.#addDocuments(verdicts, span.span);
    for (const { shard, row, stage, survivor } of verdicts.duplicates.of(span)) {
      const { id, exchange } = entryAt(verdicts.source.stages, stage, "stage");
      this.#fates.set(rowKey(shard, row), {
        fate: "dropped",
        verdict: { stage: id, reason: exchange?.reason ?? "" },
        ...(Number.isNaN(survivor) ? {} : { copyOf: { stage, document: survivor } }),
      });
    }
    this.#addLedgers(verdicts, span.span);
  }

  of(shard: number, row: number): RowFate {
    return this.#fates.get(rowKey(shard, row)) ?? UNDECIDED;
  }

  /** Every row that something is recorded of, in no order: shard, and row from the start of the span. */
  *entries(): Generator<readonly [shard: number, row: number, fate: RowFate]> {
    for (const [key, fate] of this.#fates) yield [...rowOfKey(key), fate];
  }

  /** How many of the rows that something is recorded of `wants` is for. */
  count(wants: (fate: RowFate) => boolean): number {
    let count = 0;
    for (const fate of this.#fates.values()) if (wants(fate)) count++;
    return count;
  }

  /** Rows that left the last pass: kept, held out, or undecided while the store is not whole. */
  #addDocuments({ layout, source, store, validationSeed }: SourceVerdicts, span: number): void {
    const folder = layout.ingest(source.ingest);
    if (markerFacts<IngestMarker>(folder, spanFiles.marker(span)) === undefined) return;
    const documents = SideTable.read(folder, spanFiles.documents(span));
    if (documents === undefined) return;
    const heldOut = store?.validation && new HeldOut(validationSeed, store.validation.share);
    const hashes = heldOut === undefined ? new Int32Array() : documents.words("hash");
    for (let row = 0; row < documents.rows; row++) {
      const aside = heldOut?.has(hashes[2 * row] ?? 0, hashes[2 * row + 1] ?? 0) === true;
      const fate = store === undefined ? "undecided" : aside ? "held_out" : "kept";
      this.#fates.set(rowKey(documents.number("shard", row), documents.number("row", row)), { fate });
    }
  }

  #addLedgers({ layout, source }: SourceVerdicts, span: number): void {
    for (const { fingerprint } of source.passes) {
      const folder = layout.ingest(fingerprint);
      if (markerFacts<IngestMarker>(folder, spanFiles.marker(span)) === undefined) continue;
      const ledger = SideTable.read(folder, spanFiles.ledger(span));
      for (let row = 0; row < (ledger?.rows ?? 0); row++) if (ledger) this.#addVerdict(source, ledger, row);
    }
  }

  #addVerdict({ stages }: SourcePlan, ledger: SideTable, row: number): void {
    const stage = entryAt(stages, ledger.number("stage", row), "stage");
    const value = ledger.number("value", row);
    const detail = ledger.text("detail", row);
    this.#fates.set(rowKey(ledger.number("shard", row), ledger.number("row", row)), {
      fate: "dropped",
      verdict: {
        stage: stage.id,
        reason: entryAt(stage.reasons, ledger.number("reason", row), "reason"),
        ...(Number.isNaN(value) ? {} : { value }),
        ...(detail === undefined ? {} : { detail }),
      },
    });
  }
}
