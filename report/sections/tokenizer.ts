/** Whether the tokenizer fits the text: checks with their evidence, bytes a token by source. */

import type { TokenizerGuard } from "../../manifests/schema.ts";
import type { RunFacts } from "../facts/types.ts";
import { bandLabels, bands, draw, Plot, ROW } from "../page/figure.ts";
import { cell, type Html, hash, head, html, named, nothing, type Section, table } from "../page/markup.ts";
import { integer, percent, some, sum } from "../page/numbers.ts";

interface Guarded {
  readonly name: string;
  readonly guard: TokenizerGuard;
  readonly ids_used: number | undefined;
}

export function tokenizerSection({ sources, tokenizer, done }: RunFacts): Section {
  const guarded = sources.flatMap(({ name, guard, ids_used }) =>
    guard === undefined ? [] : [{ name, guard, ids_used }],
  );
  const why =
    tokenizer === undefined
      ? "This recipe counts no tokens."
      : done
        ? "Stores of this version kept no figures."
        : "Not there yet.";
  return {
    id: "tokenizer",
    title: "Tokenizer",
    ask: "Is it the right one, and does the text fit it?",
    body: guarded.length === 0 || tokenizer === undefined ? nothing(why) : shown(guarded, tokenizer),
  };
}

function shown(guarded: readonly Guarded[], tokenizer: NonNullable<RunFacts["tokenizer"]>): Html {
  const rows = guarded.map(({ name, guard }) => {
    const { bytes_per_token, unknown_ratio, top_tokens, text_tokens } = guard;
    const common = top_tokens
      .slice(0, 6)
      .map(({ text }) => html`<code>${text === " " ? "␣" : text.replaceAll("\n", "⏎")}</code> `);
    return html`<tr>${named(name)}${cell("tokens", integer(text_tokens), text_tokens)}${cell("bytes a token", bytes_per_token.toFixed(2), bytes_per_token)}${cell("unknown", percent(unknown_ratio), unknown_ratio, `num${unknown_ratio === 0 ? " zero" : ""}`)}${cell("most frequent", html`${common}`, undefined, "wide")}</tr>`;
  });
  const heads = [
    head("source"),
    ...["tokens", "bytes a token", "unknown"].map((name) => head(name, "num")),
    head("most frequent", "x"),
  ];
  const { name, sha256, eos } = tokenizer;
  return html`<ul class="checks">${checks(guarded.map(({ guard }) => guard)).map(check)}</ul><div class="grid two"><figure><figcaption><b>Bytes a token</b><span>more is cheaper</span></figcaption>${bytesPerToken(guarded)}</figure><figure><figcaption><b>Vocabulary used</b><span>of ${integer(tokenizer.vocab_size)} ids</span></figcaption>${vocabularyUsed(guarded, tokenizer.vocab_size)}</figure></div>${table({ caption: "Tokens by source", heads, rows })}<dl class="meta"><div><dt>tokenizer</dt><dd>${name}</dd></div><div><dt>vocabulary</dt><dd>${integer(tokenizer.vocab_size)}</dd></div><div><dt>EOS</dt><dd><code>${eos.token}</code> ${integer(eos.id)}</dd></div><div><dt>sha256</dt><dd>${hash(sha256)}</dd></div></dl>`;
}

interface DotRow {
  readonly key: string;
  readonly label: string;
  readonly value: number;
}

interface Shown {
  readonly tick: (value: number) => string;
  readonly value: (value: number) => string;
}

function bytesPerToken(guarded: readonly Guarded[]): Html {
  const rows = guarded.map(({ name, guard }, at) => ({ key: String(at), label: name, value: guard.bytes_per_token }));
  const most = Math.max(5, ...rows.map(({ value }) => Math.ceil(value)));
  const ticks = Array.from({ length: most + 1 }, (_, at) => at);
  return dots("bytes a token", rows, ticks, { tick: String, value: (value) => value.toFixed(2) });
}

function vocabularyUsed(guarded: readonly Guarded[], size: number): Html {
  const rows = guarded.map(({ name, ids_used = 0 }, at) => ({ key: String(at), label: name, value: ids_used / size }));
  const largest = Math.max(...rows.map(({ value }) => value));
  const step = [0.05, 0.1, 0.2].find((one) => largest <= 5 * one) ?? 0.25;
  const ticks = Array.from({ length: Math.max(2, Math.ceil(largest / step)) + 1 }, (_, at) => at * step);
  const shown = (value: number): string => percent(value, 0);
  return dots("vocabulary used", rows, ticks, { tick: (at) => (at === 0 ? "0" : shown(at)), value: shown });
}

interface Check {
  readonly passed: boolean;
  readonly what: string;
  readonly evidence: string;
}

function checks(guards: readonly TokenizerGuard[]): readonly Check[] {
  const total = (value: (guard: TokenizerGuard) => number): number => sum(guards.map(value));
  const documents = total((guard) => guard.documents);
  const inside = total(({ documents_with_eos_inside }) => documents_with_eos_inside);
  const unknown = total(({ unknown_tokens }) => unknown_tokens);
  const trips = total(({ round_trip }) => round_trip.documents);
  const changed = total(({ round_trip }) => round_trip.changed);
  const appends = guards.every(({ eos_only_at_end_ratio }) => eos_only_at_end_ratio !== undefined);
  const parsed = guards.some(({ special_tokens }) => special_tokens !== undefined);
  return [
    ...(appends
      ? [{ passed: true, what: "EOS ends every document", evidence: `${integer(documents)} of ${integer(documents)}` }]
      : []),
    { passed: inside === 0, what: "EOS nowhere else", evidence: some(inside, "document") },
    { passed: true, what: "special tokens spelled in text", evidence: parsed ? "are parsed" : "are text" },
    { passed: unknown === 0, what: "unknown tokens", evidence: integer(unknown) },
    {
      passed: changed === 0,
      what: "same bytes after decoding",
      evidence: `${integer(trips - changed)} of ${integer(trips)} sampled`,
    },
  ];
}

function check({ passed, what, evidence }: Check): Html {
  return html`<li${!passed && html` class="fails"`}><b aria-hidden="true">${passed ? "✓" : "✕"}</b><span>${what}</span><span class="v">${evidence}</span></li>`;
}

/** A dot for each source, its number beside it. */
function dots(what: string, rows: readonly DotRow[], ticks: readonly number[], shown: Shown): Html {
  return draw(
    {
      width: 336,
      height: rows.length * ROW + 26,
      marginLeft: 112,
      marginRight: 40,
      marginTop: 4,
      marginBottom: 22,
      x: {
        domain: [0, ticks.at(-1) ?? 1],
        ticks: [...ticks],
        tickFormat: shown.tick,
        tickSize: 0,
        tickPadding: 6,
        label: null,
      },
      y: bands(rows.map((row) => row.key)),
      marks: [
        Plot.ruleX(ticks, { stroke: "var(--rule)" }),
        Plot.ruleY(rows, { y: "key", stroke: "var(--track)" }),
        Plot.dot(rows, { x: "value", y: "key", r: 4.5, fill: "var(--kept)" }),
        bandLabels(rows, 112),
        Plot.text(rows, {
          x: "value",
          y: "key",
          dx: 10,
          textAnchor: "start",
          text: ({ value }: DotRow) => shown.value(value),
        }),
      ],
    },
    `${what}: ${rows.map(({ label, value }) => `${label} ${shown.value(value)}`).join(", ")}`,
  );
}
