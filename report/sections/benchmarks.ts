/** What was found of benchmarks, with both texts of the first hits. */
import type { RunFacts } from "../facts/types.ts";
import { cell, fold, type Html, head, html, named, nothing, type Section, table } from "../page/markup.ts";
import { integer, percent } from "../page/numbers.ts";

export function benchmarksSection({ review }: RunFacts): Section {
  return {
    id: "benchmarks",
    title: "Benchmarks",
    ask: "Which test items stand in the text?",
    body: review === undefined ? nothing("Not looked for: no stage of this recipe knows a benchmark.") : found(review),
  };
}

function found({ benchmarks, findings }: NonNullable<RunFacts["review"]>): Html {
  const rows = benchmarks.map(({ benchmark, hits, items_hit, items, items_too_short }) => {
    const share = items === 0 ? 0 : items_hit / items;
    return html`<tr>${named(benchmark)}${cell("hits", integer(hits), hits)}${cell("items hit", integer(items_hit), items_hit)}${cell("items", integer(items), items)}${cell("share", percent(share, 1), share, `num${share === 0 ? " zero" : ""}`)}${cell("too short to find", integer(items_too_short), items_too_short)}</tr>`;
  });
  const heads = ["hits", "items hit", "items", "share", "too short to find"].map((name) => head(name, "num"));
  const hits = findings.map(
    ({ address, benchmark, item, fate, score, before = "", match = "", after = "", item_text }) => {
      const value = score === undefined ? "" : score.toFixed(2);
      return html`<div class="ex d"><p><b>${value}</b><bdi>${benchmark} #${item}</bdi><span class="zero">${fate} · <bdi>${address}</bdi></span></p><div class="pair"><pre tabindex="0" role="group" aria-label="the document">${before}<mark>${match}</mark>${after}</pre><pre tabindex="0" role="group" aria-label="the item">${item_text ?? "–"}</pre></div></div>`;
    },
  );
  return html`${table({ caption: "Benchmarks", heads: [head("benchmark"), ...heads], rows })}${
    hits.length > 0
      ? fold(`the first ${integer(hits.length)} hits: document and item`, html`${hits}`)
      : html`<p class="note">No item was found.</p>`
  }`;
}
