/** The page of several runs side by side; the first is the baseline. A pure function of their facts. */

import { type ComparedRun, differingKeys, labelled, mostRead, tokensRead } from "./compare/compared.ts";
import { epochsSection, weightsSection } from "./compare/panels.ts";
import { differsSection, runsSection, storesSection } from "./compare/tables.ts";
import type { RunFacts } from "./facts/types.ts";
import { pageOf } from "./page/document.ts";
import { badge, type Html, html } from "./page/markup.ts";
import { integer, short, some } from "./page/numbers.ts";

export function comparePage(facts: readonly RunFacts[]): string {
  const runs = labelled(facts);
  const title = `${some(runs.length, "run")}, baseline ${runs[0]?.label ?? ""}`;
  return pageOf({
    title: `${title} · shardmill`,
    top: topOf(runs),
    sections: [runsSection(runs), weightsSection(runs), epochsSection(runs), differsSection(runs), storesSection(runs)],
    footer: "Made from plans, manifests and markers alone; it loads nothing.",
  });
}

function topOf(runs: readonly ComparedRun[]): Html {
  const keys = differingKeys(runs).length;
  const read = runs.map(({ facts }) => tokensRead(facts));
  const [least, most] = [Math.min(...read), Math.max(...read)];
  const amount =
    least === most ? `All read ${short(most)} tokens` : `They read ${short(least)} to ${short(most)} tokens`;
  const worn = Math.max(...runs.map(({ facts }) => mostRead(facts)));
  const [first] = runs;
  return html`<p class="kicker">shardmill comparison, ${some(runs.length, "run")}</p><h1><bdi>${first?.label ?? ""}</bdi> and ${integer(runs.length - 1)} more</h1><p class="lead"><b>${keys === 0 ? "Equal recipes." : `${some(keys, "key")} of the recipe ${keys === 1 ? "differs" : "differ"}.`}</b> ${amount}; no source is read more than ${worn.toFixed(2)} times.</p><ul class="badges" aria-label="Gates">${gateBadges(runs)}</ul>`;
}

/** One badge a gate over all runs. */
function gateBadges(runs: readonly ComparedRun[]): readonly Html[] {
  const all = runs.flatMap(({ label, facts }) => facts.gates.map((gate) => ({ label, ...gate })));
  return [...new Set(all.map(({ name }) => name))].map((name) => {
    const gates = all.filter((gate) => gate.name === name);
    const failed = new Set(gates.filter(({ ok }) => !ok).map(({ label }) => label));
    const holders = new Set(gates.map(({ label }) => label)).size;
    const limits = [...new Set(gates.map(({ bound }) => bound))].join(", ");
    const sign = name.startsWith("max") ? ["≤", "above"] : ["≥", "below"];
    const note =
      failed.size === 0 ? `all ${holders} ${sign[0]} ${limits}` : `${failed.size} of ${holders} ${sign[1]} ${limits}`;
    return badge(failed.size === 0, name, note);
  });
}
