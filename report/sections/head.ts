/** The top of the page: what came of the run in a sentence, its gates, what it was made from. */
import { worstError } from "../compare/compared.ts";
import type { RunFacts } from "../facts/types.ts";
import { badge, type Html, hash, html } from "../page/markup.ts";
import { short, some, sum } from "../page/numbers.ts";

export function topOf(facts: RunFacts): Html {
  const { name, gates, plan_fingerprint, finished_ms, seed, tokenizer, exports } = facts;
  const finished = finished_ms === undefined ? undefined : new Date(finished_ms).toISOString();
  return html`<p class="kicker">shardmill run report</p><h1><bdi>${name}</bdi></h1>${lead(facts)}${gates.length > 0 && html`<ul class="badges" aria-label="Gates">${gateBadges(gates)}</ul>`}<dl class="meta"><div><dt>recipe</dt><dd>${hash(plan_fingerprint)}</dd></div>${
    finished !== undefined &&
    html`<div><dt>finished</dt><dd><time datetime="${finished}">${dateText(finished)}</time></dd></div>`
  }<div><dt>seed</dt><dd>${seed}</dd></div>${tokenizer && html`<div><dt>tokenizer</dt><dd>${tokenizer.name}</dd></div>`}${
    exports.length > 0 && html`<div><dt>exports</dt><dd>${exports.join(", ")}</dd></div>`
  }</dl>`;
}

function lead(facts: RunFacts): Html {
  const { sources, stages, row_stages, done, failure } = facts;
  const rows = sum(sources.map(({ rows_in }) => rows_in));
  const kept = sum(sources.map((source) => source.kept));
  const errors = sum(sources.flatMap((source) => Object.values(source.errors)));
  const tokens = sum(sources.map((source) => source.tokens));
  const bad = errors === 0 ? "no errors" : some(errors, "row that could not be used", "rows that could not be used");
  const reads = [
    ...stages.map(({ stage }) => `${stage.name} reads ${short(stage.tokens)}`),
    ...row_stages.map(
      ({ stage }) => `${stage.name} trains on ${short(stage.supervised_tokens)} of ${short(stage.tokens)}`,
    ),
  ];
  const told =
    tokens > 0
      ? `They are ${short(tokens)} tokens${reads.length > 0 ? `; ${listed(reads)}` : ""}${stages.length > 0 ? `, at most ${(worstError(facts) * 100).toFixed(2)} points off the mixture asked for` : ""}.`
      : "";
  const state = done ? "" : `Not done${failure === undefined ? "" : `: ${failure}`}. `;
  return html`<p class="lead">${state !== "" && html`<b class="bad">${state}</b>`}<b>${some(rows, "document")} in, ${some(kept, "kept", "kept")}, ${bad}.</b> ${told}</p>`;
}

/** The first few by name: a page of fifty stages has a table for the rest. */
function listed(reads: readonly string[]): string {
  if (reads.length > 4) return `${reads.slice(0, 3).join(", ")} and ${reads.length - 3} more`;
  return reads.length > 1 ? `${reads.slice(0, -1).join(", ")} and ${reads.at(-1)}` : reads.join("");
}

/** One badge a gate, with its worst value and where that is. */
function gateBadges(gates: RunFacts["gates"]): readonly Html[] {
  const names = [...new Set(gates.map(({ name }) => name))];
  return names.map((name) => {
    const all = gates.filter((gate) => gate.name === name);
    const isMax = name.startsWith("max");
    const [worst] = [...all].sort(
      (a, b) => Number(a.ok) - Number(b.ok) || (isMax ? b.value - a.value : a.value - b.value),
    );
    const value = worst === undefined ? "" : `${shownValue(worst.value)} ${isMax ? "≤" : "≥"} ${worst.bound}`;
    const note = all.length > 1 ? `${value}, worst in ${worst?.stage}` : `${value}, ${worst?.stage}`;
    return badge(
      all.every(({ ok }) => ok),
      name,
      worst?.ok === false ? note.replace(isMax ? "≤" : "≥", isMax ? ">" : "<") : note,
    );
  });
}

function shownValue(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(4);
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function dateText(iso: string): string {
  const [year, month, day] = iso.slice(0, 10).split("-");
  return `${Number(day)} ${MONTHS[Number(month) - 1]} ${year}, ${iso.slice(11, 16)} UTC`;
}
