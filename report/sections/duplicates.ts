/** What dedup found alike: clusters by size and by rank, what became of their documents, and the largest one. */
import type { ClusterFacts, RunFacts } from "../facts/types.ts";
import { draw, Plot } from "../page/figure.ts";
import { excerpt, figure, fold, type Html, html, nothing, panels, type Section } from "../page/markup.ts";
import { integer, percent, some, sum } from "../page/numbers.ts";

export function duplicatesSection({ clusters, sources, done }: RunFacts): Section {
  const barriers = sources.some(({ steps }) => steps.some(({ waits }) => waits));
  const drawn = clusters.filter((found) => found.clusters > 0).map(panel);
  const unlike = clusters.filter((found) => found.clusters === 0);
  const why = barriers && !done ? "Not decided yet." : "This recipe looks for no duplicates.";
  return {
    id: "duplicates",
    title: "Duplicates",
    ask: "Clusters of documents that are alike: how many, by how many documents they hold. Both scales grow faster than their numbers.",
    body:
      clusters.length === 0
        ? nothing(why)
        : html`${drawn.length > 0 && panels(drawn)}${unlike.length > 0 && html`<p class="note">No two documents are alike: ${unlike.map(inSources).join("; ")}.</p>`}`,
  };
}

function inSources({ stage, sources }: ClusterFacts): string {
  return `${stage} in ${sources.map(({ name }) => name).join(", ")}`;
}

function panel(found: ClusterFacts): Html {
  const { stage, sources, dropped, candidates, chain_depth, largest, members_shown } = found;
  const rows = sum(sources.map((source) => source.rows));
  const below = `${sources.map(({ name }) => name).join(", ")}: ${some(dropped, "document")} fall, ${percent(rows === 0 ? 0 : dropped / rows, 1)} of rows`;
  const facts = [
    candidates === undefined ? "" : `${integer(candidates)} shared a key`,
    chain_depth > 0 ? `chains up to ${chain_depth} deep` : "",
  ].filter((fact) => fact !== "");
  return figure(stage, below, [
    bySize(found),
    (largest[0]?.size ?? 0) > (largest.at(-1)?.size ?? 0) && byRank(found),
    facts.length > 0 && html`<p>${facts.join("; ")}</p>`,
    elections(found),
    members_shown.length > 0 && fold(`largest cluster, ${some(largest[0]?.size ?? 0, "document")}`, members(found)),
  ]);
}

function elections({ elections: counts }: ClusterFacts): Html | false {
  if (counts === undefined) return false;
  const { members: all, fallen, own_word, own_passage, own_order, repetitive } = counts;
  const spared = [
    [own_word, "a word of its own"],
    [own_passage, "a passage of its own"],
    [own_order, "another order"],
    [repetitive, "it repeats itself"],
  ] as const;
  const told = spared.filter(([count]) => count > 0).map(([count, why]) => `${integer(count)} for ${why}`);
  return html`<p>of ${some(all, "document")} in clusters ${integer(fallen)} fall${told.length > 0 && `; spared: ${told.join(", ")}`}</p>`;
}

function members({ members_shown, largest }: ClusterFacts): Html {
  const more = (largest[0]?.size ?? 0) - members_shown.length;
  const shown = members_shown.map(({ address, id, text }, at) => {
    return html`<div class="ex ${at === 0 ? "k" : "d"}"><p><b>${at === 0 ? "kept" : "falls"}</b><bdi title="${address}">${id ?? address}</bdi></p>${text !== undefined && excerpt(text)}</div>`;
  });
  return html`<div class="members">${shown}${more > 0 && html`<p>and ${integer(more)} more</p>`}</div>`;
}

function bySize({ stage, clusters_by_size }: ClusterFacts): Html {
  const data = Object.entries(clusters_by_size)
    .map(([size, count]) => ({ size: Number(size), count }))
    .filter(({ count }) => count > 0);
  const top = Math.max(8, ...data.map(({ size }) => size)) * 2;
  const ticks = Array.from({ length: 24 }, (_, at) => 2 ** (at + 1)).filter((size) => size <= top);
  const label = (size: number): string => (ticks.length <= 7 || ticks.indexOf(size) % 3 === 0 ? integer(size) : "");
  return draw(
    {
      width: 272,
      height: 96,
      marginLeft: 8,
      marginRight: 14,
      marginTop: 18,
      marginBottom: 20,
      x: { type: "log", domain: [1.9, top], ticks, tickFormat: label, tickSize: 0, tickPadding: 6, label: null },
      y: { type: "sqrt", domain: [0, Math.max(1, ...data.map(({ count }) => count))], axis: null },
      marks: [
        Plot.ruleY([0], { stroke: "var(--rule)" }),
        Plot.ruleX(data, { x: "size", y1: 0, y2: "count", stroke: "var(--drop-soft)", strokeWidth: 2 }),
        Plot.dot(data, { x: "size", y: "count", r: 4, fill: "var(--drop)" }),
        Plot.text(data, { x: "size", y: "count", text: ({ count }: (typeof data)[number]) => integer(count), dy: -11 }),
      ],
    },
    `${stage}: ${data.map(({ size, count }) => `${some(count, "cluster")} of ${size} to ${2 * size - 1}`).join(", ")}`,
  );
}

/** The largest clusters, the largest first. */
function byRank({ stage, largest }: ClusterFacts): Html {
  const data = largest.map(({ size }, at) => ({ rank: String(at + 1), size }));
  const [first] = data;
  return draw(
    {
      width: 272,
      height: 58,
      marginLeft: 8,
      marginRight: 14,
      marginTop: 16,
      marginBottom: 4,
      x: {
        domain: Array.from({ length: Math.max(20, data.length) }, (_, at) => String(at + 1)),
        axis: null,
        padding: 0.25,
      },
      y: { axis: null, domain: [0, first?.size ?? 1] },
      marks: [
        Plot.ruleY([0], { stroke: "var(--rule)" }),
        Plot.barY(data, { x: "rank", y: "size", fill: "var(--drop-soft)" }),
        Plot.text(
          [`the ${data.length} largest: ${integer(first?.size ?? 0)} to ${integer(data.at(-1)?.size ?? 0)} documents`],
          {
            frameAnchor: "top-left",
            dy: -14,
            dx: -2,
            textAnchor: "start",
            text: (label: string) => label,
            className: "mut",
          },
        ),
      ],
    },
    `${stage}: sizes of the largest clusters, ${data.map(({ size }) => size).join(", ")}`,
  );
}
