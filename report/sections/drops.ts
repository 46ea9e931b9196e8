/** Why documents fell: reason by reason, how values lie about the bound, and the documents nearest to it on both sides. */
import { binBorders } from "../../kernels/statistics/rule-values.ts";
import type { Example, RuleFacts, RunFacts, SourceFacts, StepFacts } from "../facts/types.ts";
import { draw, Plot } from "../page/figure.ts";
import { excerpt, fold, type Html, head, html, key, nothing, type Section } from "../page/markup.ts";
import { bound as boundText, integer, measured, percent, short, some, sum } from "../page/numbers.ts";

const WIDTH = 240;

export function dropsSection(facts: RunFacts): Section {
  const { sources } = facts;
  const tables = sources.flatMap((source) => sourceTable(source, sources.length > 1));
  const untouched = sources.filter(({ steps }) => filters(steps).length === 0).map(({ name }) => name);
  const idle = sum(
    sources
      .flatMap(({ steps }) => filters(steps).flatMap(({ reasons }) => reasons))
      .map(({ dropped }) => (dropped === 0 ? 1 : 0)),
  );
  const note = [
    idle > 0 ? `${some(idle, "reason")} dropped nothing.` : "",
    untouched.length > 0 ? `${untouched.join(", ")}: no filters.` : "",
    "What falls as a duplicate is below.",
    facts.without_texts === undefined ? "" : `Texts are not shown: ${facts.without_texts}.`,
  ].filter((part) => part !== "");
  const body = html`${key([
    ["kept-soft", "stays"],
    ["drop", "falls by this rule"],
    ["ink", "bound", "line"],
    "heights are square roots, so that single documents show; the outer bars hold all that lies beyond",
  ])}${tables}<p class="note">${note.join(" ")}</p>`;
  return {
    id: "drops",
    title: "Drop reasons",
    ask: "Is a bound in the right place? Look at what lies on both sides of it.",
    body: tables.length === 0 ? nothing(noDrops(sources)) : body,
  };
}

function noDrops(sources: readonly SourceFacts[]): string {
  const judged = sources.some(({ steps }) => filters(steps).length > 0);
  return judged ? "No filter dropped a document." : "This recipe has no filters.";
}

/** Stages that judge a row by itself. */
function filters(steps: readonly StepFacts[]): readonly StepFacts[] {
  return steps.filter(({ judges, waits }) => judges && !waits);
}

function sourceTable({ name, steps, rows_in }: SourceFacts, isOneOfSeveral: boolean): readonly Html[] {
  const reasons = filters(steps).flatMap(({ id, reasons: all }) =>
    all.filter(({ dropped }) => dropped > 0).map((reason) => ({ id, ...reason })),
  );
  if (reasons.length === 0) return [];
  const bodies = reasons.map(({ id, reason, explanation, dropped, rules }) => {
    const [rule] = rules;
    const share = rows_in === 0 ? 0 : dropped / rows_in;
    const histogram = rule === undefined ? html`<span class="zero">no values kept</span>` : histogramOf(reason, rule);
    return html`<tbody><tr><td class="name grow">${reason}<small>${explanation} · ${id}</small></td><td class="num" data-l="dropped" data-v="${dropped}">${integer(dropped)}</td><td class="num" data-l="of rows" data-v="${share}">${percent(share, share < 0.001 ? 2 : 1)}</td><td class="viz hist">${histogram}</td></tr>${rule !== undefined && nearest(rule)}</tbody>`;
  });
  const heads = [head("reason"), head("dropped", "num"), head("of rows", "num"), head("measured value", "viz x")];
  return [
    html`${isOneOfSeveral && html`<h3><bdi>${name}</bdi> <small>${some(sum(reasons.map(({ dropped }) => dropped)), "document")} of ${integer(rows_in)}</small></h3>`}<table class="stack"><caption class="vis">Drop reasons of ${name}</caption><thead><tr>${heads}</tr></thead>${bodies}</table>`,
  ];
}

function nearest({ option, bound, side, unmeasured, kept_examples, dropped_examples }: RuleFacts): Html {
  const shown = html`<div class="pair"><div><h4>dropped, by the least</h4>${dropped_examples.map((one) => exampleOf(one, "d"))}</div><div><h4>kept, by the least</h4>${
    kept_examples.length > 0
      ? kept_examples.map((one) => exampleOf(one, "k"))
      : html`<p class="empty">${unmeasured > 0 ? `${integer(unmeasured)} stay: that they are within the bound was all that was measured of them` : "no document stays that this rule looked at"}</p>`
  }</div></div>`;
  return html`<tr class="fold"><td colspan="4" class="wide">${fold(html`nearest to <code>${option}: ${boundText(bound)}</code><span class="vis">, ${side === "min" ? "the least" : "the most"} that stays</span>${unmeasured > 0 && html`<span>; ${integer(unmeasured)} that stay are not measured</span>`}`, shown)}</td></tr>`;
}

function exampleOf({ value, address, id, text }: Example, className: "k" | "d"): Html {
  return html`<div class="ex ${className}"><p><b>${value === undefined ? "" : measured(value)}</b><bdi title="${address}">${id ?? address}</bdi></p>${text !== undefined && excerpt(text)}</div>`;
}

/** Rows by measured value: two colours that the bound parts. */
export function histogramOf(name: string, rule: RuleFacts): Html {
  const { unit, bound, side, bins, unmeasured } = rule;
  const borders = binBorders(unit, bound);
  const middle = (borders.length - 1) / 2;
  const used = bins.map(([bin]) => bin);
  const low = Math.min(middle - 4, ...used);
  const high = Math.max(middle + 3, ...used);
  const data = bins.map(([bin, rows]) => ({ from: bin, to: bin + 1, rows, falls: bin < middle === (side === "min") }));
  const edge = (at: number): string => {
    const value = borders[at] ?? bound;
    if (unit !== "score" && value < 0) return "";
    if (at === 0 || at === borders.length - 1) return unit === "score" ? "" : at === 0 ? "0" : "…";
    if (unit === "ratio" && bound < 1 && value > 1) return "1";
    return Math.abs(value) >= 1000 ? short(value) : boundText(Number(value.toPrecision(3)));
  };
  const place = (middle - low) / (high + 1 - low);
  const sign = side === "max" ? "≤" : "≥";
  const [stay, fall] = [false, true].map((falls) =>
    sum(data.filter((one) => one.falls === falls).map(({ rows }) => rows)),
  );
  return draw(
    {
      width: WIDTH,
      height: 58,
      marginLeft: 4,
      marginRight: 16,
      marginTop: 17,
      marginBottom: 14,
      x: { domain: [low, high + 1], axis: null },
      y: { axis: null, type: "sqrt" },
      marks: [
        Plot.rectY(data, {
          x1: "from",
          x2: "to",
          y1: 0,
          y2: "rows",
          fill: ({ falls }: (typeof data)[number]) => (falls ? "var(--drop)" : "var(--kept-soft)"),
          inset: 0.4,
        }),
        Plot.ruleY([0], { stroke: "var(--rule)" }),
        Plot.ruleX([middle], { stroke: "var(--ink)", strokeWidth: 1.25, insetTop: -2 }),
        Plot.text([`${sign} ${boundText(bound)}`], {
          x: () => middle,
          frameAnchor: "top",
          dy: -13,
          text: (label: string) => label,
          textAnchor: place > 0.8 ? "end" : place < 0.2 ? "start" : "middle",
        }),
        Plot.text([low, high + 1], {
          x: (at: number) => at,
          frameAnchor: "bottom",
          dy: 11,
          text: edge,
          className: "mut",
        }),
      ],
    },
    `${name}: ${integer(stay ?? 0)} stay${unmeasured > 0 ? ` and ${integer(unmeasured)} more that were not measured` : ""}, ${integer(fall ?? 0)} fall, bound ${boundText(bound)}`,
  );
}
