/** The mixture that each training stage asked for, what it got, and how often it reads a source. */
import type { RowManifest } from "../../manifests/row-schema.ts";
import type { SourceManifest, TrainingStageManifest } from "../../manifests/schema.ts";
import type { RunFacts } from "../facts/types.ts";
import { draw, Plot } from "../page/figure.ts";
import { cell, type Html, head, html, key, named, nothing, type Section, table } from "../page/markup.ts";
import { integer, percent, points, short, some } from "../page/numbers.ts";

export function mixtureSection(facts: RunFacts): Section {
  const { stages, row_stages, sources, max_epochs } = facts;
  const order = sources.map(({ name }) => name);
  const scale = Math.max(0.05, ...stages.flatMap((stage) => Object.values(stage.sources).map(largestShare)));
  const read = new Map<string, readonly (readonly [number, number])[]>();
  const limit = Math.max(1, max_epochs);
  const drawn = stages.map((manifest) => stageTable(manifest, { order, scale: niceShare(scale), limit, read }));
  const body = html`${stages.length > 0 && keyOfWindows()}${drawn}${row_stages.map(rowTable)}${
    stages.length > 0 &&
    html`<p class="note">Limit: ${some(max_epochs, "epoch")} of a source. Epochs are what a stage reads; the bar shows where in the source it reads, one lap after the other.</p>`
  }`;
  return {
    id: "mixture",
    title: "Mixture",
    ask: "Did each stage get the mixture it asked for, and how often is a source read?",
    body: drawn.length + row_stages.length === 0 ? nothing(noStages(facts)) : body,
  };
}

function noStages({ done, recipe }: RunFacts): string {
  const asks =
    "training_stages" in recipe && Array.isArray(recipe.training_stages) && recipe.training_stages.length > 0;
  return asks && !done
    ? "Not there yet: the run is not done."
    : "This recipe has no training stages: it makes data sets of rows.";
}

function keyOfWindows(): Html {
  return key([
    ["ink", "asked", "line"],
    ["kept", "got", "dot"],
    "points off: got minus asked, in percentage points",
    ["kept-soft", "read by an earlier stage"],
  ]);
}

function largestShare({ weight_requested, weight_achieved }: SourceManifest): number {
  return Math.max(weight_requested, weight_achieved);
}

/** A round share that all lie within. */
function niceShare(share: number): number {
  return [0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8].find((nice) => share <= nice) ?? 1;
}

interface Scales {
  readonly order: readonly string[];
  readonly scale: number;
  readonly limit: number;
  /** By source: from where to where earlier stages read, in epochs. */
  readonly read: Map<string, readonly (readonly [number, number])[]>;
}

function stageTable({ stage, sources }: TrainingStageManifest, { order, scale, limit, read }: Scales): Html {
  const most = Math.max(limit, ...Object.values(sources).map(({ epochs_total }) => epochs_total));
  const names = [
    ...order.filter((name) => name in sources),
    ...Object.keys(sources).filter((name) => !order.includes(name)),
  ];
  const rows = names.flatMap((name) => {
    const source = sources[name];
    if (source === undefined) return [];
    const { weight_requested, weight_achieved, tokens, epochs, epochs_total } = source;
    const off = weight_achieved - weight_requested;
    const before = read.get(name) ?? [];
    const span = [Math.max(0, epochs_total - epochs), epochs_total] as const;
    read.set(name, [...before, span]);
    return [
      html`<tr>${named(name, source.category)}${cell("weight", weightBar(source, scale), undefined, "viz")}${cell("asked", percent(weight_requested), weight_requested)}${cell("got", percent(weight_achieved), weight_achieved)}${cell("points off", points(off), off, `num${Math.abs(off) < 5e-5 ? " zero" : ""}`)}${cell("tokens", short(tokens), tokens)}${cell("epochs", epochs.toFixed(2), epochs)}${cell("epochs of the source", epochBar({ before, span, most, limit }), undefined, "viz hide")}</tr>`,
    ];
  });
  const ticks = [0, scale / 2, scale];
  const below = `${short(stage.tokens)} tokens, asked ${short(stage.tokens_requested)} · ${some(stage.windows, "window")} of ${integer(stage.sequence_length)}`;
  return html`<h3>${stage.name} <small>${below}</small></h3>${table({
    caption: `Mixture of ${stage.name}`,
    heads: [
      head("source"),
      head(
        axis(
          [0, scale],
          ticks,
          (share) => (share === 0 ? "0" : percent(share, share * 100 < 10 && scale < 0.1 ? 1 : 0)),
          220,
        ),
        "viz x",
      ),
      head("asked", "num"),
      head("got", "num"),
      head("points off", "num"),
      head("tokens", "num"),
      head("epochs", "num"),
      head(axis([0, most], epochTicks(most), String, 132), "viz x hide"),
    ],
    rows,
    columns: 5,
    className: "stack side rows",
  })}`;
}

function epochTicks(most: number): readonly number[] {
  const step = Math.max(1, Math.ceil(most / 4));
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, at) => at * step);
}

/** An axis alone: the head of a column of bars. */
function axis(
  domain: readonly [number, number],
  ticks: readonly number[],
  shown: (tick: number) => string,
  width: number,
): Html {
  return draw(
    {
      width,
      height: 16,
      marginLeft: 5,
      marginRight: 5,
      marginTop: 14,
      marginBottom: 1,
      x: {
        domain: [...domain],
        axis: "top",
        ticks: [...ticks],
        tickFormat: shown,
        tickSize: 0,
        label: null,
        tickPadding: 2,
      },
      marks: [],
    },
    `scale from ${shown(domain[0])} to ${shown(domain[1])}`,
  );
}

function weightBar({ weight_requested: asked, weight_achieved: got }: SourceManifest, scale: number): Html {
  const ticks = [0, scale / 2, scale];
  return draw(
    {
      width: 220,
      height: 20,
      marginLeft: 5,
      marginRight: 5,
      marginTop: 0,
      marginBottom: 0,
      x: { domain: [0, scale], axis: null },
      y: { axis: null, domain: [0, 1] },
      marks: [
        Plot.ruleY([0.5], { stroke: "var(--track)" }),
        Plot.ruleX(ticks, { stroke: "var(--rule)", y1: 0.35, y2: 0.65 }),
        Plot.link([got], {
          x1: 0,
          x2: (share: number) => share,
          y1: 0.5,
          y2: 0.5,
          stroke: "var(--kept-soft)",
          strokeWidth: 5,
          strokeLinecap: "butt",
        }),
        Plot.ruleX([asked], { stroke: "var(--ink)", strokeWidth: 2, y1: 0.05, y2: 0.95 }),
        Plot.dot([got], {
          x: (share: number) => share,
          y: 0.5,
          r: 4.5,
          fill: "var(--kept)",
          stroke: "var(--bg)",
          strokeWidth: 1,
        }),
      ],
    },
    `asked ${percent(asked)}, got ${percent(got)}`,
  );
}

interface Epochs {
  readonly before: readonly (readonly [number, number])[];
  readonly span: readonly [number, number];
  readonly most: number;
  readonly limit: number;
}

function epochBar({ before, span, most, limit }: Epochs): Html {
  const laps = Array.from({ length: Math.max(0, Math.ceil(most) - 1) }, (_, at) => at + 1);
  const bar = (spans: readonly (readonly [number, number])[], fill: string) =>
    Plot.barX(spans, { x1: "0", x2: "1", y: () => "", fill });
  return draw(
    {
      width: 132,
      height: 20,
      marginLeft: 5,
      marginRight: 5,
      marginTop: 0,
      marginBottom: 0,
      x: { domain: [0, most], axis: null },
      y: { axis: null, domain: [""], padding: 0.5 },
      marks: [
        bar([[0, most]], "var(--track)"),
        bar(before, "var(--kept-soft)"),
        bar([span], "var(--kept)"),
        Plot.ruleX(laps, { stroke: "var(--bg)", strokeWidth: 1.5 }),
        Plot.ruleX([limit], { stroke: "var(--ink)", strokeWidth: 1.5 }),
      ],
    },
    `read from ${span[0].toFixed(2)} to ${span[1].toFixed(2)} epochs, at most ${limit}`,
  );
}

/** A training stage that mixes rows: shares in all their senses, and what is trained on. */
function rowTable({ stage, sources, order }: RowManifest): Html {
  const rows = order.flatMap((name) => {
    const source = sources[name];
    if (source === undefined) return [];
    const { fraction, taken, shares, tokens_lost } = source;
    const trained = taken.tokens === 0 ? 0 : taken.supervised_tokens / taken.tokens;
    return [
      html`<tr>${named(name, source.category)}${cell("fraction", String(fraction), fraction)}${cell("rows", integer(taken.rows), taken.rows)}${cell("of rows", percent(shares.rows, 1), shares.rows)}${cell("tokens", short(taken.tokens), taken.tokens)}${cell("of tokens", percent(shares.tokens, 1), shares.tokens)}${cell("trained on", percent(trained, 1), trained)}${cell("cut", short(tokens_lost), tokens_lost, `num${tokens_lost === 0 ? " zero" : ""}`)}</tr>`,
    ];
  });
  const below = `${some(stage.rows, "packed row")} of ${integer(stage.sequence_length)}, ${percent(stage.fill_ratio, 1)} full · ${short(stage.tokens)} tokens, ${percent(stage.tokens === 0 ? 0 : stage.supervised_tokens / stage.tokens, 1)} trained on`;
  const heads = ["fraction", "rows", "of rows", "tokens", "of tokens", "trained on", "cut"].map((name) =>
    head(name, "num"),
  );
  return html`<h3>${stage.name} <small>${below}</small></h3>${table({
    caption: `Rows of ${stage.name}`,
    heads: [head("source"), ...heads],
    rows,
  })}`;
}
