/** Where documents, text and tokens of each source got lost, step by step in the order of the pipeline. */
import type { RunFacts, SourceFacts, StepFacts } from "../facts/types.ts";
import { bandLabels, bands, draw, Plot, ROW } from "../page/figure.ts";
import { figure, type Html, html, key, nothing, panels, type Section } from "../page/markup.ts";
import { bytes, integer, percent, short, some, sum } from "../page/numbers.ts";

const WIDTH = 272;
const LABELS = 108;
const NUMBERS = 52;

interface Bar {
  readonly key: string;
  readonly label: string;
  /** What is left after the step, and what it was given. */
  readonly left: number;
  readonly given: number;
}

export function flowSection({ sources, stages }: RunFacts): Section {
  const reads = (name: string) =>
    stages.flatMap(({ stage, sources: shares }) => {
      const tokens = shares[name]?.tokens;
      return tokens === undefined ? [] : [{ label: `${stage.name} reads`, tokens }];
    });
  const drawn = sources.map((source) => panel(source, reads(source.name)));
  const body = html`${panels(drawn)}${key([
    ["kept", "kept"],
    ["drop-soft", "lost at this step"],
    ["kept-soft", "tokens read"],
    ["track", "tokens kept, not read by this stage"],
  ])}${notes(sources)}`;
  return {
    id: "flow",
    title: "Flow",
    ask: "What went in, where it got lost, and who reads the rest.",
    body: sources.length === 0 ? nothing("The run has no sources.") : body,
  };
}

function notes(sources: readonly SourceFacts[]): Html | false {
  const wrong = sources.filter(({ errors }) => sum(Object.values(errors)) > 0);
  const errors = wrong.map(({ name, errors: kinds }) => {
    const told = Object.entries(kinds).map(([kind, count]) => `${kind} ${integer(count)}`);
    return `${name}: ${told.join(", ")}`;
  });
  const unfinished = sources.filter(({ complete }) => !complete).map(({ name }) => name);
  return html`<p class="note"><b>Rows that could not be used: ${errors.length === 0 ? "none" : errors.join("; ")}.</b>${
    unfinished.length > 0 && ` Not all read yet: ${unfinished.join(", ")}.`
  }</p>`;
}

function panel(source: SourceFacts, reads: readonly { readonly label: string; readonly tokens: number }[]): Html {
  const { name, kept, text_bytes, tokens } = source;
  const below = `${bytes(text_bytes)} of text kept${tokens > 0 ? `, ${short(tokens)} tokens` : ""}`;
  const most = Math.max(tokens, ...reads.map((read) => read.tokens));
  const text = textBars(source);
  return figure(name, below, [
    html`<p class="unit">documents</p>`,
    funnel(name, "documents", documentBars(source), integer),
    text.length > 0 && html`<p class="unit">text</p>`,
    text.length > 0 && funnel(name, "text", text, bytes),
    reads.length > 0 && html`<p class="unit">tokens</p>`,
    reads.length > 0 && tokenBars(name, reads, tokens, most),
    html`<p>${percent(source.rows_in === 0 ? 1 : kept / source.rows_in, 1)} of ${some(source.rows_in, "row")} kept</p>`,
  ]);
}

/** Stages that may take rows, in order. */
function judging({ steps }: SourceFacts): readonly StepFacts[] {
  return steps.filter(({ judges, dropped }) => judges || dropped > 0);
}

function documentBars(source: SourceFacts): readonly Bar[] {
  let left = source.rows_in;
  const bars: Bar[] = [{ key: "", label: "rows in", left, given: left }];
  const errors = sum(Object.values(source.errors));
  const take = (id: string, lost: number): void => {
    bars.push({ key: `${bars.length}`, label: id, left: left - lost, given: left });
    left -= lost;
  };
  if (errors > 0) take("not usable", errors);
  for (const { id, dropped } of judging(source)) take(id, dropped);
  if (source.held_out !== undefined) take("held out", source.held_out);
  return bars;
}

/** Bytes after each stage that is given all there is; what late verdicts take comes last. */
function textBars({ steps, text_bytes, complete, held_out }: SourceFacts): readonly Bar[] {
  const told = steps.filter(({ bytes_in }) => bytes_in !== undefined);
  const [first] = told;
  if (first?.bytes_in === undefined || first.bytes_in === 0 || !complete || told.length !== steps.length) return [];
  const bars: Bar[] = [{ key: "", label: "text in", left: first.bytes_in, given: first.bytes_in }];
  let last = first.bytes_in;
  steps.forEach(({ id, waits, bytes_in = 0 }, at) => {
    const next = steps[at + 1]?.bytes_in;
    if (waits || next === undefined || (next === bytes_in && !steps[at]?.judges)) return;
    bars.push({ key: `${at}`, label: id, left: next, given: bytes_in });
    last = next;
  });
  if (last !== text_bytes) {
    const late = steps.filter((step) => step.waits && step.dropped > 0).map(({ id }) => id);
    const label = held_out === undefined ? (late.length === 1 ? (late[0] ?? "") : "duplicates") : "set aside";
    bars.push({ key: "late", label, left: text_bytes, given: last });
  }
  return bars;
}

function funnel(source: string, unit: string, bars: readonly Bar[], shown: (value: number) => string): Html {
  const total = Math.max(1, ...bars.map(({ given }) => given), ...bars.map(({ left }) => left));
  const told = bars.map(({ label, left }) => `${label} ${shown(left)}`).join(", ");
  return draw(
    {
      width: WIDTH,
      height: bars.length * ROW,
      marginLeft: LABELS,
      marginRight: NUMBERS,
      marginTop: 0,
      marginBottom: 0,
      x: { domain: [0, total], axis: null },
      y: bands(bars.map((bar) => bar.key)),
      marks: [
        Plot.barX(bars, { x1: 0, x2: "left", y: "key", fill: "var(--kept)" }),
        Plot.barX(
          bars.filter(({ given, left }) => given > left),
          { x1: "left", x2: "given", y: "key", fill: "var(--drop-soft)" },
        ),
        bandLabels(bars, LABELS),
        Plot.text(bars, {
          x: () => total,
          dx: NUMBERS,
          textAnchor: "end",
          y: "key",
          text: ({ left }: Bar) => shown(left),
        }),
      ],
    },
    `${source}, ${unit}: ${told}`,
  );
}

function tokenBars(
  source: string,
  reads: readonly { readonly label: string; readonly tokens: number }[],
  kept: number,
  most: number,
): Html {
  const rows = reads.map((read, at) => ({ ...read, key: String(at) }));
  return draw(
    {
      width: WIDTH,
      height: rows.length * ROW,
      marginLeft: LABELS,
      marginRight: NUMBERS,
      marginTop: 0,
      marginBottom: 0,
      x: { domain: [0, Math.max(1, most)], axis: null },
      y: bands(rows.map((row) => row.key)),
      marks: [
        Plot.barX(rows, { x1: 0, x2: () => kept, y: "key", fill: "var(--track)" }),
        Plot.barX(rows, { x1: 0, x2: "tokens", y: "key", fill: "var(--kept-soft)" }),
        bandLabels(rows, LABELS),
        Plot.text(rows, {
          x: () => most,
          dx: NUMBERS,
          textAnchor: "end",
          y: "key",
          text: ({ tokens }: (typeof rows)[number]) => short(tokens),
        }),
      ],
    },
    `${source}: of ${short(kept)} tokens ${reads.map(({ label, tokens }) => `${label} ${short(tokens)}`).join(", ")}`,
  );
}
