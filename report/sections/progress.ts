/** How far a run is that is not done: its phases and their tasks. */
import type { RunFacts } from "../facts/types.ts";
import { shareBar } from "../page/figure.ts";
import { cell, head, html, named, type Section, table } from "../page/markup.ts";
import { integer } from "../page/numbers.ts";

/** Undefined of a run that is done. */
export function progressSection({ done, segments }: RunFacts): Section | undefined {
  if (done) return undefined;
  const rows = segments.map(({ kind, subject, done: made, tasks, state }) => {
    const share = tasks === undefined || tasks === 0 ? 0 : made / tasks;
    const told = tasks === undefined ? "–" : `${integer(made)} of ${integer(tasks)}`;
    return html`<tr>${named(kind, subject)}${cell("tasks", told, made)}${cell("tasks", shareBar(state === "done" ? 1 : share, 240, `${told} tasks`), undefined, "viz")}${cell("state", state, state, "")}</tr>`;
  });
  return {
    id: "progress",
    title: "Progress",
    ask: "How far is it? The same command goes on where it stopped.",
    body: table({
      caption: "Phases",
      heads: [head("phase"), head("tasks", "num"), head("", "viz x"), head("state")],
      rows,
    }),
  };
}
