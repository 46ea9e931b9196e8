/**
 * The beginnings of documents that a page shows, read again at their addresses.
 *
 * Rows are asked for first and read together, span by span. Invariant: only files of this machine are opened, and one that is another by now gives no text: a page is made without
 * it. Price: each span that has one of the rows, up to the last of them.
 */
import { utf8String } from "../../batch/column.ts";
import { entryAt } from "../../batch/entry.ts";
import { ShardmillError } from "../../batch/errors.ts";
import { createIoEnvironment, type IoEnvironment } from "../../io/environment.ts";
import type { SourcePlan } from "../../plan/plan.ts";
import { idOf } from "../../runs/peek/document.ts";
import { SourceReader } from "../../runs/peek/source-reader.ts";
import { addressOf, ingestedSpans, type ReadSpan } from "../../runs/peek/spans.ts";
import type { OpenRun } from "../../runs/status.ts";
import type { StageRegistry } from "../../stages/stage-registry.ts";
import type { Example } from "./types.ts";

/** Bytes of a text that are enough for its beginning. */
const BEGINNING = 1200;

interface Wanted {
  readonly shard: number;
  /** By what it is found. */
  readonly by: "position" | "row" | "document";
  readonly at: number;
  found?: Example;
}

/** A row that was asked for: known once texts were read. */
export type Asked = () => Example;

export class Texts {
  readonly #run: OpenRun;
  readonly #registry: StageRegistry;
  readonly #environment: IoEnvironment;
  readonly #spans = new Map<SourcePlan, readonly ReadSpan[]>();
  readonly #wanted = new Map<SourcePlan, Map<ReadSpan, Wanted[]>>();
  readonly #shows: boolean;
  /** Why some texts are missing. */
  missing: string | undefined;

  constructor(run: OpenRun, registry: StageRegistry, options: { readonly dataRoot: string; readonly shows: boolean }) {
    this.#run = run;
    this.#registry = registry;
    this.#environment = createIoEnvironment({ root: options.dataRoot });
    this.#shows = options.shows;
  }

  /** Spans of a source that were read, each looked up once. */
  spansOf(source: SourcePlan): readonly ReadSpan[] {
    const known = this.#spans.get(source) ?? ingestedSpans(this.#run.layout, source);
    this.#spans.set(source, known);
    return known;
  }

  /** Asks for the row at a position of a shard, as readers number them. */
  atPosition(source: SourcePlan, shard: number, position: number): Asked {
    const span = this.spansOf(source).find(({ extents }) =>
      extents.some((extent) => {
        return extent.shard === shard && (extent.unit === "all" || (extent.start <= position && position < extent.end));
      }),
    );
    return this.#ask(source, span, { shard, by: "position", at: position });
  }

  /** Asks for row `row` of a span. */
  inSpan(source: SourcePlan, span: ReadSpan, shard: number, row: number): Asked {
    return this.#ask(source, span, { shard, by: "row", at: row });
  }

  /** Asks for the document of that number in a span. */
  document(source: SourcePlan, span: ReadSpan, number: number): Asked {
    const [extent] = span.extents;
    return this.#ask(source, span, { shard: extent?.shard ?? 0, by: "document", at: number });
  }

  /** Reads what was asked for. */
  async read(): Promise<void> {
    for (const [source, spans] of this.#wanted) {
      const isLocal = source.shards.every(({ location }) => !location.includes("://"));
      if (!this.#shows || !isLocal) {
        this.missing ??= this.#shows ? "the input is not on this machine" : "texts are left out";
      }
      const reader = new SourceReader(source, this.#registry, this.#environment);
      for (const [span, wanted] of spans) {
        try {
          if (this.#shows && isLocal) await readSpan(source, span, reader, wanted);
        } catch (error) {
          if (!(error instanceof ShardmillError)) throw error;
          this.missing ??= error.details.what;
        }
      }
    }
  }

  #ask(source: SourcePlan, span: ReadSpan | undefined, wanted: Wanted): Asked {
    const { key } = entryAt(source.shards, wanted.shard, "shard");
    if (span === undefined) return () => ({ address: `${source.name}/${key}` });
    const spans = this.#wanted.get(source) ?? new Map<ReadSpan, Wanted[]>();
    this.#wanted.set(source, spans);
    const list = spans.get(span) ?? [];
    spans.set(span, list);
    list.push(wanted);
    const address = wanted.by === "row" ? addressOf(source, span, wanted.shard, wanted.at) : `${source.name}/${key}`;
    return () => wanted.found ?? { address };
  }
}

async function readSpan(
  source: SourcePlan,
  span: ReadSpan,
  reader: SourceReader,
  wanted: readonly Wanted[],
): Promise<void> {
  let left = wanted.length;
  let document = 0;
  await reader.visit(span, (batch, row) => {
    const [shard = 0, inSpan = 0] = [batch.shards[row], batch.rowsInShard[row]];
    const here = { row: inSpan, position: batch.position(row), document: document++ };
    for (const one of wanted) {
      if (one.found !== undefined || one.at !== here[one.by]) continue;
      if (one.by !== "document" && one.shard !== shard) continue;
      const id = idOf(batch, row);
      const { data, offsets, ...text } = batch.text;
      const start = offsets[row] ?? 0;
      const end = Math.min(offsets[row + 1] ?? start, start + BEGINNING);
      const cut = { ...text, data, offsets: Int32Array.of(start, end) };
      one.found = {
        address: addressOf(source, span, shard, inSpan),
        ...(id === undefined ? {} : { id }),
        text: utf8String(cut, 0),
      };
      left--;
    }
    return left === 0;
  });
}
