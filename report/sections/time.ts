/** Where the wall clock went: phases as a timeline, parts of the work, speed by source. The only section that two equal runs do not share. */
import type { RunTimes } from "../../runs/times.ts";
import type { RunFacts } from "../facts/types.ts";
import { bandLabels, bands, draw, Plot, ROW } from "../page/figure.ts";
import { cell, figure, type Html, head, html, named, nothing, type Section, table } from "../page/markup.ts";
import { bytes, percent, seconds, some, speed, sum } from "../page/numbers.ts";

/** Parts of the work that are shown. */
const PARTS = 12;

export function timeSection({ times }: RunFacts): Section {
  return {
    id: "time",
    title: "Time",
    ask: "Where the wall clock went. Changes no output.",
    body:
      times === undefined
        ? nothing("Nobody kept times: the run went over several hosts, is not done, or is of an earlier version.")
        : shown(times),
  };
}

function shown(times: RunTimes): Html {
  const rows = times.phases.flatMap(({ phase, subject, from_ms, to_ms, bytes: read }) => {
    if (read === undefined || phase !== "ingest") return [];
    const spent = (to_ms - from_ms) / 1000;
    return [
      html`<tr>${named(subject)}${cell("input", bytes(read), read)}${cell("time", seconds(spent), spent)}${cell("speed", speed(read / spent), read / spent)}</tr>`,
    ];
  });
  const heads = ["input", "time", "speed"].map((name) => head(name, "num"));
  return html`<div class="grid two">${figure("Phases", `${some(times.workers, "worker")}, ${seconds(times.seconds)}`, [timeline(times)])}${figure("Parts of the work", "time of all workers together", [parts(times)])}</div>${
    rows.length > 0 && table({ caption: "Speed of reading by source", heads: [head("source read"), ...heads], rows })
  }`;
}

function timeline({ phases, seconds: all }: RunTimes): Html {
  const kinds = [...new Set(phases.map(({ phase }) => phase))];
  const step = [0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 600, 1800, 3600, 21_600].find((one) => all / one <= 4) ?? 86_400;
  const ticks = Array.from({ length: Math.floor(all / step) + 1 }, (_, at) => at * step);
  const data = phases.map(({ phase, from_ms, to_ms }) => ({ key: phase, from: from_ms / 1000, to: to_ms / 1000 }));
  return draw(
    {
      width: 336,
      height: kinds.length * ROW + 24,
      marginLeft: 64,
      marginRight: 12,
      marginTop: 4,
      marginBottom: 20,
      x: {
        domain: [0, all],
        ticks,
        tickFormat: (at: number) => (at === 0 ? "0" : seconds(at).replace(".0", "")),
        tickSize: 0,
        tickPadding: 6,
        label: null,
      },
      y: bands(kinds),
      marks: [
        Plot.ruleX(ticks, { stroke: "var(--rule)" }),
        Plot.barX(data, { x1: "from", x2: "to", y: "key", fill: "var(--kept)", fillOpacity: 0.75 }),
        bandLabels(
          kinds.map((kind) => ({ key: kind, label: kind })),
          64,
        ),
      ],
    },
    `phases: ${kinds.map((kind) => `${kind} until ${seconds(Math.max(...data.filter(({ key }) => key === kind).map(({ to }) => to)))}`).join(", ")}`,
  );
}

function parts({ parts: all }: RunTimes): Html {
  const total = sum(all.map((part) => part.seconds));
  const rows = all.slice(0, PARTS).map(({ part, seconds: spent }, at) => ({ key: String(at), label: part, spent }));
  const most = Math.max(...rows.map(({ spent }) => spent), 1e-9);
  return draw(
    {
      width: 336,
      height: rows.length * ROW,
      marginLeft: 146,
      marginRight: 96,
      marginTop: 0,
      marginBottom: 0,
      x: { domain: [0, most], axis: null },
      y: bands(rows.map((row) => row.key)),
      marks: [
        Plot.barX(rows, { x1: 0, x2: "spent", y: "key", fill: "var(--kept-soft)" }),
        bandLabels(rows, 146, 24),
        Plot.text(rows, {
          x: () => most,
          dx: 96,
          textAnchor: "end",
          y: "key",
          text: ({ spent }: (typeof rows)[number]) =>
            `${seconds(spent)}, ${percent(total === 0 ? 0 : spent / total, 0)}`,
        }),
      ],
    },
    `parts of the work: ${rows.map(({ label, spent }) => `${label} ${seconds(spent)}`).join(", ")}`,
  );
}
