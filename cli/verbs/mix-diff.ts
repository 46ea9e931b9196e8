import { buildCommand } from "@stricli/core";
import type { MixtureDiff } from "../../index.ts";
import { type CliContext, EXIT, guarded, print, printJson } from "../context.ts";
import { jsonFlag, outFlag } from "../flags.ts";
import { formatCount, formatInteger, formatPercent, formatTable } from "../format.ts";

interface Flags {
  readonly out: string;
  readonly json: boolean;
}

const text = (value: string): string => value;

export const diffCommand = buildCommand<Flags, [string, string], CliContext>({
  docs: {
    brief: "how two mixtures differ: weights in percentage points, tokens, epochs, where each starts",
    fullDescription: [
      "Compares recipes, runs and candidates of a sweep, stage by stage. A recipe says weights and budgets; epochs and windows are told of runs and",
      "candidates.",
      "",
      "  shardmill mix diff runs/baseline runs/more-code",
      "  shardmill mix diff my-mix.yaml sweeps/sweep/candidates/0c7527ef4d94",
    ].join("\n"),
  },
  parameters: {
    flags: { out: outFlag, json: jsonFlag },
    positional: {
      kind: "tuple",
      parameters: [
        { brief: "recipe, run (folder or name), or candidate (folder or manifest)", parse: text, placeholder: "A" },
        { brief: "what it is compared with", parse: text, placeholder: "B" },
      ],
    },
  },
  func(flags, a, b) {
    return guarded(this, flags, async ({ diffMixtures }) => {
      const diff = await diffMixtures(a, b, { out: flags.out });
      if (flags.json) printJson(this, diff);
      else print(this, diffText(diff, a, b));
      return EXIT.ok;
    });
  },
});

function diffText({ stages }: MixtureDiff, a: string, b: string): string {
  return [`A  ${a}`, `B  ${b}`, ...stages.map(stageText)].join("\n\n");
}

type DiffOfStage = MixtureDiff["stages"][number];

function stageText({ a, b, tokens_a, tokens_b, total_variation, sources }: DiffOfStage): string {
  const name = a === b ? a : `${a ?? "no stage"} against ${b ?? "no stage"}`;
  const tokens = [tokens_a, tokens_b].map((count) => (count === undefined ? "-" : formatCount(count))).join(" → ");
  const moved = total_variation === undefined ? "" : `, ${(100 * total_variation).toFixed(2)} points moved`;
  const share = (value: number | undefined): string => (value === undefined ? "-" : formatPercent(value, 2));
  const rows = sources.map(({ name: source, offset_points, ...of }) => [
    source,
    share(of.weight_a),
    share(of.weight_b),
    offset_points === undefined ? "" : signed(offset_points),
    of.tokens_a === undefined ? "-" : formatCount(of.tokens_a),
    of.tokens_b === undefined ? "-" : formatCount(of.tokens_b),
    of.epochs_a?.toFixed(2) ?? "-",
    of.epochs_b?.toFixed(2) ?? "-",
    of.start_a === of.start_b ? "" : `${window(of.start_a)} → ${window(of.start_b)}`,
  ]);
  const titles = ["source", "A", "B", "points", "tokens A", "tokens B", "epochs A", "epochs B", "from window"];
  return `${name}: ${tokens} tokens${moved}\n${formatTable(titles, rows)}`;
}

const window = (at: number | undefined): string => (at === undefined ? "-" : formatInteger(at));

const signed = (points: number): string => `${points > 0 ? "+" : ""}${points.toFixed(2)}`;
