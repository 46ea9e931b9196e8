/** How long documents are in tokens, and how much of the tokens the long ones hold. */
import { BINS_A_DECADE } from "../facts/lengths.ts";
import type { LengthFacts, RunFacts } from "../facts/types.ts";
import { draw, Plot } from "../page/figure.ts";
import { figure, type Html, html, nothing, panels, type Section } from "../page/markup.ts";
import { integer, percent, short, some } from "../page/numbers.ts";

export function lengthsSection({ sources, stages, row_stages }: RunFacts): Section {
  const windows = [...new Set(stages.map(({ stage }) => stage.sequence_length))].sort((a, b) => a - b);
  const told = sources.flatMap(({ name, lengths }) => (lengths === undefined ? [] : [{ name, lengths }]));
  const bins = told.flatMap(({ lengths }) => lengths.bins.map(({ bin }) => bin));
  const range = [Math.min(BINS_A_DECADE, ...bins), Math.max(BINS_A_DECADE + 1, ...bins) + 1] as const;
  const most = Math.max(
    ...told.flatMap(({ lengths: { documents, tokens, bins: all } }) =>
      all.flatMap((one) => [one.documents / documents, one.tokens / tokens]),
    ),
  );
  const drawn = told.map(({ name, lengths }) =>
    figure(name, `median ${integer(lengths.median)}, longest ${integer(lengths.longest)}`, [
      histogram(name, lengths, { range, most, windows, by: "documents" }),
      histogram(name, lengths, { range, most, windows, by: "tokens" }),
      html`<p>${sentence(lengths)}</p>`,
    ]),
  );
  const dotted = windows.length === 0 ? "" : ` Dotted: windows of ${windows.map(integer).join(" and ")}.`;
  const why = row_stages.length + stages.length === 0 ? "No tokenizer counted." : "Not there yet.";
  return {
    id: "lengths",
    title: "Document lengths",
    ask: `Tokens a document, on a log scale; the same scale everywhere.${dotted}`,
    body: drawn.length === 0 ? nothing(why) : panels(drawn),
  };
}

function sentence({ longer, documents, tokens }: LengthFacts): string {
  const [first] = longer;
  if (first === undefined) return `${some(documents, "document")}, ${short(tokens)} tokens`;
  if (first.documents === 0) return "none is longer than a window";
  return `${integer(first.documents)} of ${integer(documents)} are longer than a window and hold ${percent(first.tokens / tokens, 0)} of tokens`;
}

interface Scales {
  readonly range: readonly [number, number];
  readonly most: number;
  readonly windows: readonly number[];
  readonly by: "documents" | "tokens";
}

function histogram(name: string, lengths: LengthFacts, { range, most, windows, by }: Scales): Html {
  const total = by === "documents" ? lengths.documents : lengths.tokens;
  const isLast = by === "tokens";
  const data = lengths.bins.map((bin) => ({ from: bin.bin, to: bin.bin + 1, share: bin[by] / total }));
  const decades = Array.from({ length: 10 }, (_, at) => at * BINS_A_DECADE).filter(
    (at) => range[0] <= at && at <= range[1],
  );
  return draw(
    {
      width: 272,
      height: isLast ? 88 : 70,
      marginLeft: 2,
      marginRight: 10,
      marginTop: 14,
      marginBottom: isLast ? 18 : 2,
      x: {
        domain: [...range],
        axis: isLast ? "bottom" : null,
        ticks: decades,
        tickFormat: (at: number) => short(10 ** (at / BINS_A_DECADE)).replace(/\.0+(?=\D|$)/, ""),
        tickSize: 0,
        tickPadding: 5,
        label: null,
      },
      y: { axis: null, domain: [0, most] },
      marks: [
        Plot.rectY(data, {
          x1: "from",
          x2: "to",
          y1: 0,
          y2: "share",
          fill: isLast ? "var(--kept-soft)" : "var(--kept)",
          inset: 0.5,
        }),
        Plot.ruleY([0], { stroke: "var(--rule)" }),
        Plot.ruleX(
          windows.map((tokens) => Math.log10(tokens) * BINS_A_DECADE),
          { stroke: "var(--ref)", strokeDasharray: "2 3" },
        ),
        Plot.text([`share of ${by}`], {
          frameAnchor: "top-left",
          dy: -11,
          dx: -2,
          textAnchor: "start",
          text: (label: string) => label,
          className: "mut",
        }),
      ],
    },
    `${name}: share of ${by} by length; ${sentence(lengths)}`,
  );
}
