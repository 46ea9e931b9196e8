/**
 * What all phases of a plan are made from: the plan, where markers lie, what they say, and the figures they add up to.
 *
 * Sources of the same text and pipeline share folders, and so phases: the first of them stands for all.
 */
import { entryAt } from "../../batch/entry.ts";
import { barrierAt, groupAt, type MatchGroup, type Plan, sourceAt } from "../../plan/plan.ts";
import type { Layout } from "../../store/layout.ts";
import { MarkerPlaces } from "../marker-places.ts";
import type { Markers } from "../markers.ts";
import type { SpanOfGroup } from "../protocol.ts";
import { type FactsInput, runningSum, SourceFacts } from "./source-facts.ts";

export interface ScheduleInit {
  readonly plan: Plan;
  readonly markers: Markers;
  /** Where the run lies on this host: what tasks read is named by it. */
  readonly layout: Layout;
  /** Bad rows the run may survive; any number where nobody is to be stopped. */
  readonly max_errors?: number;
}

export class Schedule implements FactsInput {
  readonly plan: Plan;
  readonly markers: Markers;
  readonly places: MarkerPlaces;
  readonly max_errors: number;
  readonly #facts: readonly SourceFacts[];

  constructor({ plan, markers, layout, max_errors = Number.POSITIVE_INFINITY }: ScheduleInit) {
    this.plan = plan;
    this.markers = markers;
    this.places = new MarkerPlaces(plan, layout);
    this.max_errors = max_errors;
    this.#facts = plan.sources.map((_, source) => new SourceFacts(this, source));
  }

  facts(source: number): SourceFacts {
    return entryAt(this.#facts, source, "source");
  }

  /**
   * How a group numbers what it compares: the number of each member's first document (or part of a text, where its barrier edits), plus the
   * total. Undefined until all members have been sketched.
   */
  numbering({ members, verdict }: MatchGroup): Float64Array | undefined {
    const counts: number[] = [];
    for (const { source, barrier } of members) {
      const facts = this.facts(source);
      const total = (verdict === "edit" ? facts.firstParts(barrier) : facts.firstDocuments())?.at(-1);
      if (total === undefined) return undefined;
      counts.push(total);
    }
    return runningSum(counts);
  }

  /**
   * How a group numbers the spans of its members: the number of each member's first one, plus the total. Undefined until all are cut.
   */
  spanNumbering({ members }: MatchGroup): Float64Array | undefined {
    const counts: number[] = [];
    for (const { source } of members) {
      const spans = this.facts(source).spans();
      if (spans === undefined) return undefined;
      counts.push(spans.length);
    }
    return runningSum(counts);
  }

  /** A span of a source among those of the group of one of its barriers. */
  spanOfGroup(source: number, barrier: number, span: number): SpanOfGroup {
    const { group, member } = this.#memberOf(source, barrier);
    const numbering = this.spanNumbering(group);
    if (numbering === undefined) throw new Error(`${group.stage.id} has not numbered its spans yet`);
    return {
      input: entryAt(numbering, member, "member") + span,
      inputs: entryAt(numbering, group.members.length, "number"),
    };
  }

  /** Number of a source's first document (or part) in the group of one of its barriers. */
  firstInGroup(source: number, barrier: number): number {
    const { group, member } = this.#memberOf(source, barrier);
    const numbering = this.numbering(group);
    if (numbering === undefined) {
      throw new Error(`${group.stage.id} has not numbered ${sourceAt(this.plan, source).name} yet`);
    }
    return entryAt(numbering, member, "member");
  }

  /** The group of a barrier of a source, and which of its members that is. */
  #memberOf(source: number, barrier: number): { readonly group: MatchGroup; readonly member: number } {
    const group = groupAt(this.plan, barrierAt(this.plan, source, barrier).group);
    const member = group.members.findIndex((entry) => entry.source === source && entry.barrier === barrier);
    if (member < 0) throw new Error(`${group.stage.id} has no member ${sourceAt(this.plan, source).name}`);
    return { group, member };
  }

  /** Names of the sources that share a folder with `source`, itself among them. */
  sharing(source: number, same: (name: Plan["sources"][number]) => string): string {
    const { sources } = this.plan;
    const own = same(sourceAt(this.plan, source));
    return sources
      .filter((other) => same(other) === own)
      .map(({ name }) => name)
      .join(", ");
  }
}
