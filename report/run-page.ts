/** The page of one run: all its sections in their order. A pure function of the run's facts. */
import type { RunFacts } from "./facts/types.ts";
import { pageOf } from "./page/document.ts";
import { benchmarksSection } from "./sections/benchmarks.ts";
import { dropsSection } from "./sections/drops.ts";
import { duplicatesSection } from "./sections/duplicates.ts";
import { flowSection } from "./sections/flow.ts";
import { topOf } from "./sections/head.ts";
import { lengthsSection } from "./sections/lengths.ts";
import { lineageSection } from "./sections/lineage.ts";
import { mixtureSection } from "./sections/mixture.ts";
import { packingSection } from "./sections/packing.ts";
import { progressSection } from "./sections/progress.ts";
import { chatsSection, heldOutSection } from "./sections/rows.ts";
import { timeSection } from "./sections/time.ts";
import { tokenizerSection } from "./sections/tokenizer.ts";

/** `refresh_s`: seconds after which a browser asks for it again. */
export function runPage(facts: RunFacts, refresh_s?: number): string {
  const sections = [
    progressSection(facts),
    flowSection(facts),
    mixtureSection(facts),
    dropsSection(facts),
    lengthsSection(facts),
    duplicatesSection(facts),
    benchmarksSection(facts),
    packingSection(facts),
    tokenizerSection(facts),
    chatsSection(facts),
    heldOutSection(facts),
    lineageSection(facts),
    timeSection(facts),
  ].filter((section) => section !== undefined);
  return pageOf({
    title: `${facts.name} · shardmill run report`,
    top: topOf(facts),
    sections,
    footer:
      "Made from the plan, manifests, markers and ledgers; it loads nothing. Equal runs give equal pages, but for times.",
    ...(refresh_s !== undefined && { refresh_s }),
  });
}
