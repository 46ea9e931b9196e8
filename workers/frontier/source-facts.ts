/**
 * What the markers of a source add up to: its spans, what each pass met in them, and where each span's rows stand among those of the source.
 *
 * Each figure is undefined until all markers it needs are there. Invariant: figures depend on markers in span order, never on when they came.
 */
import { entryAt } from "../../batch/entry.ts";
import { RunError } from "../../batch/errors.ts";
import { barrierAt, type Plan, type SourcePlan, sourceAt } from "../../plan/plan.ts";
import type { Extent } from "../../stages/define.ts";
import type { MarkerPlaces } from "../marker-places.ts";
import type { IngestFacts, Markers } from "../markers.ts";
import type { ScatterSpan, ScatterTask } from "../protocol.ts";
import { spanBytes } from "../spans.ts";
import { HARMLESS_PROBLEMS, tooManyErrors } from "../tasks/span/tally.ts";
import { once } from "./phase.ts";

/** Documents of one scatter or settle task: 50 MB of facts about them. */
const PART_DOCUMENTS = 500_000;

/** What facts are read from. */
export interface FactsInput {
  readonly plan: Plan;
  readonly markers: Markers;
  readonly places: MarkerPlaces;
  readonly max_errors: number;
}

export class SourceFacts {
  readonly #input: FactsInput;
  readonly #source: number;
  readonly #passes: readonly (() => readonly IngestFacts[] | undefined)[];

  constructor(input: FactsInput, source: number) {
    this.#input = input;
    this.#source = source;
    this.#passes = sourceAt(input.plan, source).passes.map((_, pass) => once(() => this.#readPass(pass)));
  }

  get plan(): SourcePlan {
    return sourceAt(this.#input.plan, this.#source);
  }

  /** How it is cut. */
  readonly spans = once((): readonly (readonly Extent[])[] | undefined => {
    const { markers, places } = this.#input;
    return markers.facts(places.cut(this.#source))?.spans;
  });

  /** Bytes of input of each span, about. */
  readonly bytes = once((): readonly number[] | undefined => {
    const spans = this.spans();
    return spans && spanBytes(spans, this.plan.shards);
  });

  /** What a pass left of each span. Throws DataError where more rows are bad than the run may survive. */
  pass(pass: number): readonly IngestFacts[] | undefined {
    return entryAt(this.#passes, pass, "pass")();
  }

  last(): readonly IngestFacts[] | undefined {
    return this.pass(this.plan.passes.length - 1);
  }

  /** Number of each span's first document in the source, plus the total at the end. The first pass numbers them, for ever. */
  readonly firstDocuments = once((): Float64Array | undefined => {
    const markers = this.pass(0);
    return markers && runningSum(markers.map((marker) => marker.documents));
  });

  /** Number of each span's first part of texts in the source, plus the total, for a barrier that edits. */
  firstParts(barrier: number): Float64Array | undefined {
    const planned = barrierAt(this.#input.plan, this.#source, barrier);
    const { pass } = planned;
    const editing = this.plan.barriers.filter((entry) => entry.pass === pass && entry.verdict === "edit");
    const position = editing.indexOf(planned);
    const markers = this.pass(pass);
    return markers && runningSum(markers.map((marker) => marker.parts[position] ?? 0));
  }

  /** Its spans in the parts that scatter and settle tasks take. */
  readonly parts = once((): readonly (readonly ScatterSpan[])[] | undefined => {
    const spans = this.spans();
    const first = this.pass(0);
    const last = this.last();
    const firstDocuments = this.firstDocuments();
    if (spans === undefined || first === undefined || last === undefined || firstDocuments === undefined) {
      return undefined;
    }
    const parts: ScatterSpan[][] = [];
    const rowsBefore = new Map<number, number>();
    let documents = 0;
    last.forEach(({ kept }, span) => {
      const marker = entryAt(first, span, "span");
      const rowBases = basesOf(entryAt(spans, span, "span"), marker, rowsBefore);
      const firstDocument = entryAt(firstDocuments, span, "span");
      const entry = { span, firstDocument, documents: marker.documents, rowBases };
      const open = parts.at(-1);
      if (open === undefined || documents + kept > PART_DOCUMENTS) {
        parts.push([entry]);
        documents = kept;
      } else {
        open.push(entry);
        documents += kept;
      }
    });
    return parts;
  });

  /** Shards of its token store: of what is trained on, and of what is held out. Throws RunError where nothing would be left. */
  readonly store = once((): StoreShape | undefined => {
    const { recipe } = this.#input.plan;
    const last = this.last();
    if (last === undefined) return undefined;
    const tokens = last.reduce((total, marker) => total + marker.tokens, 0);
    const shards = Math.max(1, Math.ceil(tokens / recipe.shard_tokens));
    const { name, validation } = this.plan;
    const seed = recipe.validation?.seed;
    if (validation === undefined || seed === undefined) return { shards };
    const share = "fraction" in validation ? validation.fraction : validation.tokens / tokens;
    if (share >= 1) throw validationTooLarge(name, tokens);
    return {
      shards,
      held_out: { seed, share, shards: Math.max(1, Math.ceil((tokens * share) / recipe.shard_tokens)) },
    };
  });

  #readPass(pass: number): readonly IngestFacts[] | undefined {
    const { markers, places, max_errors } = this.#input;
    const spans = this.spans();
    if (spans === undefined) return undefined;
    const found: IngestFacts[] = [];
    for (let span = 0; span < spans.length; span++) {
      const marker = markers.facts(places.ingest(this.#source, pass, span));
      if (marker === undefined) return undefined;
      found.push(marker);
    }
    checkErrorBudget(this.plan, found, max_errors);
    return found;
  }
}

export interface StoreShape {
  readonly shards: number;
  readonly held_out?: NonNullable<ScatterTask["held_out"]>;
}

/** `[0, v0, v0 + v1, …]`. */
export function runningSum(values: readonly number[]): Float64Array {
  const sums = new Float64Array(values.length + 1);
  let sum = 0;
  values.forEach((value, index) => {
    sum += value;
    sums[index + 1] = sum;
  });
  return sums;
}

/** Rows that lie before a byte range of the same shard: only when all ranges are read can they be counted. */
export function basesOf(
  span: readonly Extent[],
  marker: Pick<IngestFacts, "extents">,
  rowsBefore: Map<number, number>,
): Readonly<Record<number, number>> {
  const bases: Record<number, number> = {};
  for (const extent of span) {
    if (extent.unit === "bytes") bases[extent.shard] = rowsBefore.get(extent.shard) ?? 0;
  }
  for (const { shard, rows } of marker.extents) rowsBefore.set(shard, (rowsBefore.get(shard) ?? 0) + rows);
  return bases;
}

function checkErrorBudget(source: SourcePlan, markers: readonly IngestFacts[], maxErrors: number): void {
  let fatal = 0;
  for (const { errors } of markers) {
    for (const [kind, count] of Object.entries(errors)) if (!HARMLESS_PROBLEMS.has(kind)) fatal += count;
  }
  if (fatal <= maxErrors) return;
  for (const { problems } of markers) {
    const problem = problems.find(({ kind }) => !HARMLESS_PROBLEMS.has(kind));
    if (problem !== undefined) throw tooManyErrors(source.name, problem, maxErrors);
  }
}

function validationTooLarge(name: string, tokens: number): RunError {
  return new RunError({
    code: "run/validation-too-large",
    what: `${name} has ${tokens} tokens, all of which would be held out for validation`,
    fix: `lower validation.tokens, or set validation.sources.${name}`,
  });
}
