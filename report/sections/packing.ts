/** How full windows are, how many documents a border cuts, and what the first windows look like. */

import type { RunFacts, WindowStrip } from "../facts/types.ts";
import { STRIP_WINDOWS } from "../facts/windows.ts";
import { draw, Plot } from "../page/figure.ts";
import {
  cell,
  figure,
  type Html,
  head,
  html,
  key,
  named,
  nothing,
  panels,
  type Section,
  table,
} from "../page/markup.ts";
import { integer, percent, some } from "../page/numbers.ts";

const COLOURS: Readonly<Record<WindowStrip["pieces"][number]["kind"], string>> = {
  whole: "var(--kept-soft)",
  long: "var(--ref)",
  cut: "var(--drop)",
  padding: "var(--track)",
};

type Read = RunFacts["packing"][number]["sources"][number]["read"];

export function packingSection({ packing, strips, sources, row_stages, stages }: RunFacts): Section {
  const order = sources.map(({ name }) => name);
  const sorted = [...strips].sort((a, b) => order.indexOf(a.source) - order.indexOf(b.source));
  const rows = packing.flatMap(({ stage, sequence_length, sources: all }) =>
    [...all]
      .sort((a, b) => order.indexOf(a.source) - order.indexOf(b.source))
      .map(({ source, read, concat }) => row(source, `${stage}, ${integer(sequence_length)}`, read, concat)),
  );
  const heads = [
    head("source"),
    ...["windows", "fill", "documents"].map((name) => head(name, "num")),
    head("", "viz x"),
    ...["avoidably cut", "by concat", "per window", "context"].map((name) => head(name, "num")),
  ];
  const [first] = stages;
  const body = html`<h3>The first ${STRIP_WINDOWS} windows <small>${first?.stage.name ?? ""}, ${first?.stage.pack.use ?? ""}</small></h3>${panels(sorted.map(strip))}${key(
    [
      ["kept-soft", "whole"],
      ["ref", "cut, longer than a window"],
      ["drop", "cut, though it would fit"],
      ["track", "padding"],
      "context: mean tokens of its own document that a token sees",
    ],
  )}${table({ caption: "Packing", heads, rows })}${note(packing)}`;
  const why =
    row_stages.length > 0
      ? "Its training stages pack rows: their figures stand with the mixture."
      : "Nothing is packed.";
  return {
    id: "packing",
    title: "Packing",
    ask: "How full windows are, and how many documents a border cuts.",
    body: rows.length === 0 ? nothing(why) : body,
  };
}

function note(packing: RunFacts["packing"]): Html | false {
  const uses = new Set(packing.map(({ pack }) => pack));
  if (!uses.has("pack/concat") || uses.has("pack/best-fit")) return false;
  return html`<p class="note"><code>pack: best-fit</code> cuts none of the avoidable ones.</p>`;
}

function row(
  source: string,
  below: string,
  read: Read,
  concat: Pick<Read, "documents" | "documents_cut_avoidable">,
): Html {
  const { windows, fill_ratio, documents, documents_cut_avoidable: cut } = read;
  const share = documents === 0 ? 0 : cut / documents;
  const other = concat.documents === 0 ? 0 : concat.documents_cut_avoidable / concat.documents;
  return html`<tr>${named(source, below)}${cell("windows", integer(windows), windows)}${cell("fill", percent(fill_ratio), fill_ratio)}${cell("documents", integer(documents), documents)}${cell("documents", cuts(read), undefined, "viz")}${cell("avoidably cut", percent(share, 0), share, `num${cut === 0 ? " zero" : ""}`)}${cell("by concat", percent(other, 0), other, "num zero")}${cell("per window", read.documents_per_window.mean.toFixed(1), read.documents_per_window.mean)}${cell("context", integer(read.effective_context_tokens), read.effective_context_tokens)}</tr>`;
}

function cuts({ documents, documents_cut_avoidable: cut, documents_cut_unavoidable: long }: Read): Html {
  const whole = documents - cut - long;
  const parts = [
    { from: 0, to: whole, kind: "whole" as const },
    { from: whole, to: whole + long, kind: "long" as const },
    { from: whole + long, to: documents, kind: "cut" as const },
  ].filter(({ from, to }) => to > from);
  return draw(
    {
      width: 130,
      height: 20,
      margin: 0,
      x: { domain: [0, Math.max(1, documents)], axis: null },
      y: { axis: null, domain: [""], padding: 0.5 },
      marks: [
        Plot.barX(parts, {
          x1: "from",
          x2: "to",
          y: () => "",
          fill: ({ kind }: (typeof parts)[number]) => COLOURS[kind],
        }),
      ],
    },
    `${integer(whole)} whole, ${integer(long)} cut because longer than a window, ${integer(cut)} cut though they would fit`,
  );
}

function strip({ source, window_tokens, pieces }: WindowStrip): Html {
  const windows = Array.from({ length: STRIP_WINDOWS }, (_, window) => window);
  const counts = (kind: string): number => pieces.filter((piece) => piece.kind === kind).length;
  return figure(source, `${some(pieces.length, "piece")}, windows of ${integer(window_tokens)}`, [
    draw(
      {
        width: 272,
        height: 92,
        margin: 1,
        x: { domain: [0, window_tokens], axis: null },
        y: { domain: windows, axis: null, padding: 0.2 },
        marks: [
          Plot.barX(pieces, {
            x1: "from",
            x2: "to",
            y: "window",
            fill: ({ kind }: WindowStrip["pieces"][number]) => COLOURS[kind],
            insetLeft: 0.75,
            insetRight: 0.75,
          }),
        ],
      },
      `${source}: the first windows hold ${counts("whole")} whole pieces, ${counts("long")} of longer documents, ${counts("cut")} cut ones`,
    ),
  ]);
}
