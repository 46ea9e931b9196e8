/** Why rows fell, reason by reason, and what the rules measured, with the rows nearest to each bound. */
import type { NearRow, RuleValues } from "../../kernels/statistics/rule-values.ts";
import type { SourcePlan } from "../../plan/plan.ts";
import type { Asked, Texts } from "./texts.ts";
import type { Example, ReasonFacts } from "./types.ts";

interface Found {
  readonly dropped: (reason: string) => number;
  readonly measured: readonly RuleValues[] | undefined;
  readonly texts: Texts;
}

/** The reasons of a stage in the order of its declaration; to be called again when texts were read. */
export function reasonsOf(
  source: SourcePlan,
  reasons: Readonly<Record<string, string>>,
  { dropped, measured = [], texts }: Found,
): () => readonly ReasonFacts[] {
  const ask = (rows: readonly NearRow[]): (() => readonly Example[]) => {
    const asked = rows.map(([value, shard, position]): readonly [number, Asked] => {
      return [value, texts.atPosition(source, shard, position)];
    });
    return () => asked.map(([value, row]) => ({ ...row(), value }));
  };
  const made = Object.entries(reasons).map(([reason, explanation]) => {
    // Nobody looks at a bound that nothing fell by.
    const isShown = dropped(reason) > 0;
    const rules = measured
      .filter((rule) => rule.reason === reason)
      .map((rule) => {
        const [kept, fell] = [ask(isShown ? rule.kept : []), ask(isShown ? rule.dropped : [])];
        return () => ({ ...rule, kept_examples: kept(), dropped_examples: fell() });
      });
    return (): ReasonFacts => ({ reason, explanation, dropped: dropped(reason), rules: rules.map((rule) => rule()) });
  });
  return () => made.map((reason) => reason());
}
