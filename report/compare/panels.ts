/** Runs side by side, a small panel for each source: weights against the baseline's, and how often a source is read. */
import { bandLabels, bands, draw, Plot } from "../page/figure.ts";
import { figure, type Html, html, key, nothing, panels, type Section } from "../page/markup.ts";
import { percent, short, sum } from "../page/numbers.ts";
import { type ComparedRun, epochsOf, sourceNames } from "./compared.ts";

const LABELS = 132;
const NUMBERS = 48;
const ROW = 24;

interface Band {
  readonly key: string;
  readonly label: string;
}

/** A panel of one band a run, with room for its label on the left, its number on the right and an axis below. */
function frame(rows: readonly Band[]) {
  return {
    width: 272,
    height: rows.length * ROW + 22,
    marginLeft: LABELS,
    marginRight: NUMBERS,
    marginTop: 0,
    marginBottom: 22,
    y: bands(rows.map((row) => row.key)),
  };
}

/** The labels of its bands and their numbers; `end` is where its scale ends. */
function bandTexts<Row extends Band>(rows: readonly Row[], end: number, shown: (row: Row) => string) {
  const place = { x: () => end, dx: NUMBERS, y: "key", textAnchor: "end", className: "mut" } as const;
  return [bandLabels(rows, LABELS), Plot.text(rows, { ...place, text: shown })];
}

interface Row extends Band {
  readonly asked: number;
  readonly got: number;
}

export function weightsSection(runs: readonly ComparedRun[]): Section {
  const stage = runs[0]?.facts.stages[0]?.stage.name;
  const drawn = sourceNames(runs).flatMap((name) => {
    const rows = runs.flatMap(({ label, facts }, at): Row[] => {
      const share = facts.stages.find((one) => one.stage.name === stage)?.sources[name];
      return share === undefined
        ? []
        : [{ key: String(at), label, asked: share.weight_requested, got: share.weight_achieved }];
    });
    return rows.length === 0 ? [] : [weightPanel(name, rows)];
  });
  return {
    id: "weights",
    title: "Weights",
    ask: `How far does each source move from the baseline in ${stage ?? "training"}? Each source has a scale of its own.`,
    body:
      drawn.length === 0
        ? nothing("The first run has no training stage that reads windows.")
        : html`${key([
            ["ink", "asked", "line"],
            ["kept", "got, in %", "dot"],
            ["kept-soft", "away from the baseline"],
          ])}${panels(drawn)}`,
  };
}

function weightPanel(source: string, rows: readonly Row[]): Html {
  const got = rows.map((row) => row.got);
  const most = Math.max(...rows.flatMap((row) => [row.asked, row.got]));
  const top = [0.01, 0.02, 0.04, 0.1, 0.2, 0.4, 0.6, 0.8].find((nice) => most <= nice) ?? 1;
  const baseline = rows.find((row) => row.key === "0")?.got;
  const moved = rows.filter((row) => row.key !== "0");
  return figure(source, `${percent(Math.min(...got), 1)} to ${percent(Math.max(...got), 1)}`, [
    draw(
      {
        ...frame(rows),
        x: {
          domain: [0, top],
          ticks: [0, top / 2, top],
          tickFormat: (share: number) => (share === 0 ? "0" : percent(share, share < 0.01 ? 1 : 0)),
          tickSize: 0,
          tickPadding: 6,
          label: null,
        },
        marks: [
          Plot.ruleY(rows, { y: "key", stroke: "var(--track)" }),
          baseline === undefined ? null : Plot.ruleX([baseline], { stroke: "var(--ref)", strokeDasharray: "2 3" }),
          baseline === undefined
            ? null
            : Plot.link(moved, {
                x1: () => baseline,
                x2: "got",
                y1: "key",
                y2: "key",
                stroke: "var(--kept-soft)",
                strokeWidth: 5,
                strokeLinecap: "butt",
              }),
          Plot.tickX(rows, { x: "asked", y: "key", stroke: "var(--ink)", strokeWidth: 2 }),
          Plot.dot(rows, {
            x: "got",
            y: "key",
            r: 4.5,
            fill: (row: Row) => (row.key === "0" ? "var(--bg)" : "var(--kept)"),
            stroke: "var(--kept)",
            strokeWidth: 1.5,
          }),
          ...bandTexts(rows, top, ({ got }) => (got * 100).toFixed(2)),
        ],
      },
      `${source}: ${rows.map((row) => `${row.label} asked ${percent(row.asked)}, got ${percent(row.got)}`).join("; ")}`,
    ),
  ]);
}

export function epochsSection(runs: readonly ComparedRun[]): Section {
  const limit = Math.min(...runs.map(({ facts }) => facts.max_epochs));
  const most = Math.max(1, ...runs.flatMap(({ facts }) => facts.sources.map(({ name }) => sum(epochsOf(facts, name)))));
  // A limit far beyond what is read would press all bars together.
  const top = limit <= 2 * most ? Math.max(limit, most) : Math.ceil(most * 2) / 2;
  const drawn = sourceNames(runs).flatMap((name) => {
    const isRead = runs.some(({ facts }) => sum(epochsOf(facts, name)) > 0);
    return isRead ? [epochPanel(name, runs, { limit, most: top })] : [];
  });
  return {
    id: "epochs",
    title: "Times read",
    ask: "Which mixture wears a source out? All stages together, one after the other.",
    body:
      drawn.length === 0
        ? nothing("No run reads windows.")
        : html`${key([
            ["kept", "first stage"],
            ["kept-soft", "later stages"],
            ["drop", "above the limit"],
            limit <= top ? ["ink", `limit ${limit}`, "line"] : `limit ${limit}`,
          ])}${panels(drawn)}`,
  };
}

interface Limits {
  readonly limit: number;
  readonly most: number;
}

function epochPanel(source: string, runs: readonly ComparedRun[], { limit, most }: Limits): Html {
  const rows = runs.map(({ label, facts }, at) => {
    const epochs = epochsOf(facts, source);
    return { key: String(at), label, first: epochs[0] ?? 0, all: sum(epochs) };
  });
  const tokens = runs[0]?.facts.sources.find(({ name }) => name === source)?.tokens ?? 0;
  const top = Math.max(most, 1);
  const laps = Array.from({ length: Math.floor(top) }, (_, at) => at + 1).filter((lap) => lap < top);
  type Lap = (typeof rows)[number];
  return figure(source, `${short(tokens)} tokens`, [
    draw(
      {
        ...frame(rows),
        x: { domain: [0, top], ticks: [0, ...laps, top], tickFormat: String, tickSize: 0, tickPadding: 6, label: null },
        marks: [
          Plot.barX(rows, { x1: 0, x2: () => top, y: "key", fill: "var(--track)", insetTop: 2, insetBottom: 2 }),
          Plot.barX(rows, { x1: 0, x2: "first", y: "key", fill: "var(--kept)", insetTop: 2, insetBottom: 2 }),
          Plot.barX(rows, {
            x1: "first",
            x2: "all",
            y: "key",
            fill: (row: Lap) => (row.all > limit + 1e-9 ? "var(--drop)" : "var(--kept-soft)"),
            insetTop: 2,
            insetBottom: 2,
          }),
          Plot.ruleX(laps, { stroke: "var(--bg)", strokeWidth: 1.5 }),
          limit <= top ? Plot.ruleX([limit], { stroke: "var(--ink)", strokeWidth: 1.25 }) : null,
          ...bandTexts(rows, top, ({ all }) => all.toFixed(2)),
        ],
      },
      `${source}: ${rows.map((row) => `${row.label} ${row.all.toFixed(2)} epochs`).join(", ")}`,
    ),
  ]);
}
