/** Runs side by side as tables: which is which, what differs in their recipes, which stores they share. */
import { shareBar } from "../page/figure.ts";
import { cell, hash, head, html, named, nothing, type Section, table } from "../page/markup.ts";
import { integer, percent, short, shortName, sum } from "../page/numbers.ts";
import {
  type ComparedRun,
  differingKeys,
  mostRead,
  sharedWindows,
  sourceNames,
  tokensRead,
  worstError,
} from "./compared.ts";

/** Keys that are shown. */
const MOST_KEYS = 60;

export function runsSection(runs: readonly ComparedRun[]): Section {
  const [baseline] = runs;
  const rows = runs.map(({ label, facts }, at) => {
    const failed = facts.gates.filter(({ ok }) => !ok);
    const kept = sum(facts.sources.map((source) => source.kept));
    const shared = baseline === undefined ? 0 : sharedWindows(facts, baseline.facts);
    const error = worstError(facts);
    const below = at === 0 ? "baseline" : facts.done ? undefined : "not done";
    const fill = at === 0 ? "var(--kept-soft)" : "var(--kept)";
    const bar = shareBar(shared, 110, `${percent(shared, 0)} of windows shared`, fill);
    const gates =
      failed.length === 0
        ? html`<span class="zero">✓ ${facts.gates.length}</span>`
        : html`<span class="bad">✕ ${failed.length} of ${facts.gates.length}</span>`;
    return html`<tr>${named(label, below)}${cell("recipe", hash(facts.plan_fingerprint, 8), undefined, "num wide")}${cell("documents", integer(kept), kept)}${cell("tokens read", short(tokensRead(facts)), tokensRead(facts))}${cell("points off", (error * 100).toFixed(2), error)}${cell("most read", mostRead(facts).toFixed(2), mostRead(facts))}${cell("gates", gates, failed.length)}${cell("shared", at === 0 ? html`<span class="zero">–</span>` : percent(shared, 0), shared)}${cell("shared windows", bar, undefined, "viz hide")}</tr>`;
  });
  const heads = [
    head("run"),
    head("recipe", "num x"),
    ...["documents", "tokens read", "points off", "most read", "gates", "shared"].map((name) => head(name, "num")),
    head("", "viz x hide"),
  ];
  return {
    id: "runs",
    title: "Runs",
    ask: "Which is which, and does each keep its limits?",
    body: html`${table({ caption: "Runs", heads, rows })}<p class="note">Most read: epochs of the source that is read most, all stages together. Shared: windows of the first stage that the baseline reads too.</p>`,
  };
}

export function differsSection(runs: readonly ComparedRun[]): Section {
  const keys = differingKeys(runs);
  const rows = keys.slice(0, MOST_KEYS).map(({ path, values }) => {
    const [first] = values;
    const cells = values.map((value, at) => {
      const label = shortName(runs[at]?.label ?? "");
      if (value === undefined) return cell(label, html`<span class="zero">–</span>`);
      const shown = shortName(value, 40);
      return cell(
        label,
        value === first && at > 0
          ? html`<span class="zero">${shown}</span>`
          : html`<b class="chg" title="${value}">${shown}</b>`,
      );
    });
    return html`<tr><td class="name"><code>${path}</code></td>${cells}</tr>`;
  });
  const heads = [
    head("key", "x"),
    ...runs.map(({ label }) => head(html`<bdi title="${label}">${shortName(label)}</bdi>`, "num x")),
  ];
  const more = keys.length - MOST_KEYS;
  return {
    id: "differs",
    title: "What differs",
    ask: "Everything else in the recipes is equal.",
    body:
      rows.length === 0
        ? nothing("The recipes are equal.")
        : html`${table({ caption: "Keys that differ", heads, rows, columns: 2 })}${more > 0 && html`<p class="note">And ${integer(more)} keys more.</p>`}`,
  };
}

export function storesSection(runs: readonly ComparedRun[]): Section {
  const rows = sourceNames(runs).flatMap((name) => {
    const stores = new Map<string, { readonly documents: number; readonly tokens: number; users: number }>();
    for (const { facts } of runs) {
      const source = facts.sources.find((one) => one.name === name);
      const print = source?.fingerprints.tokens ?? source?.fingerprints.ingest;
      if (source === undefined || print === undefined) continue;
      const known = stores.get(print) ?? { documents: source.kept, tokens: source.tokens, users: 0 };
      stores.set(print, known);
      known.users++;
    }
    return [...stores].map(([print, { documents, tokens, users }]) => {
      const used = users === runs.length ? `all ${users}` : String(users);
      return html`<tr>${named(name)}${cell("documents", integer(documents), documents)}${cell("tokens", short(tokens), tokens)}${cell("store", hash(print), undefined, "num wide")}${cell("used by", used, users)}</tr>`;
    });
  });
  const heads = [
    head("source"),
    head("documents", "num"),
    head("tokens", "num"),
    head("store", "num x"),
    head("used by", "num"),
  ];
  return {
    id: "stores",
    title: "Stores",
    ask: "What was made once and is read by which of them.",
    body: table({ caption: "Stores", heads, rows }),
  };
}
