/**
 * Training stages that mix rows: their sources known, their packer one of rows, what becomes of long rows possible.
 *
 * Invariant: sources keep the order in which they are written, because rows are concatenated in it.
 */
import { didYouMean } from "../../batch/suggest.ts";
import { cutsRows } from "../../stages/pack/cuts-rows.ts";
import type { RowStageSpec } from "../types.ts";
import type { Path } from "./diagnostics.ts";
import { check } from "./issues.ts";
import type { KnownSources } from "./mixture.ts";
import { isRecord } from "./overrides.ts";
import { resolvePacker } from "./packers.ts";
import { placed, type ResolveContext } from "./stage-use.ts";
import { rowStageShape } from "./training-shapes.ts";

export function isRowStage(raw: unknown): boolean {
  return isRecord(raw) && raw.rows !== undefined;
}

/** The stage; undefined where the findings say why not. `position` counts all training stages. */
export function resolveRowStage(
  raw: unknown,
  path: Path,
  position: number,
  sources: KnownSources,
  context: ResolveContext,
): RowStageSpec | undefined {
  const { findings } = context;
  const spec = check(rowStageShape, raw, path, { name: "a training stage of rows" }, findings);
  if (spec === undefined) return undefined;
  const before = findings.length;
  const { name, rows, sequence_length, long_rows, align_tokens } = spec;
  const fractions = Object.entries(rows.fractions).map(([source, fraction]) => ({ source, fraction }));
  const at = [...path, "rows", "fractions"];
  if (fractions.length === 0) {
    const fix = "give at least one source a fraction: `fractions: { NAME: 1 }`";
    findings.push({ code: "recipe/no-weights", what: "a training stage of rows has no fractions", fix, path: at });
  }
  for (const { source, fraction } of fractions) {
    if (!sources.has(source)) {
      findings.push({
        code: "recipe/unknown-source",
        what: `there is no source \`${source}\``,
        why: "no rows of it could be taken",
        fix: didYouMean(source, [...sources.keys()]),
        path: [...at, source],
        part: "key",
      });
    } else if (rows.rule === "handbook" && fraction > 1) {
      findings.push({
        code: "recipe/out-of-range",
        what: `\`${source}\` is asked for ${fraction} times its rows`,
        why: "with the rule `handbook` a fraction is the share of a source's rows that is taken, each once",
        fix: "write a fraction of at most 1",
        path: [...at, source],
      });
    }
  }
  const { test_size = 0.5 } = rows.split ?? {};
  if (test_size > 1 && !Number.isInteger(test_size)) {
    findings.push({
      code: "recipe/out-of-range",
      what: `${test_size} is neither a share of rows nor a number of them`,
      fix: "write a share below 1, or a whole number",
      path: [...path, "rows", "split", "test_size"],
    });
  }
  if (align_tokens >= sequence_length) {
    findings.push({
      code: "recipe/out-of-range",
      what: `a packed row of ${sequence_length} tokens has no room for a sequence padded to ${align_tokens + 1}`,
      fix: "lower `align_tokens` or raise `sequence_length`",
      path: [...path, "align_tokens"],
    });
  }
  const pack = resolvePacker(spec.pack, "rows", path, context);
  if (pack !== undefined && cutsRows(pack.use)) {
    const key = long_rows !== "truncate" ? "long_rows" : align_tokens > 1 ? "align_tokens" : undefined;
    if (key !== undefined) {
      findings.push({
        code: "recipe/wrong-packer",
        what: `\`${key}\` means nothing to \`${pack.use}\``,
        why: "it cuts rows wherever a packed row is full",
        fix: `leave \`${key}\` out, or pack with bfd or best-fit`,
        path: [...path, key],
        part: "key",
      });
    }
  }
  if (findings.length > before || pack === undefined) return undefined;
  return {
    name,
    position,
    sequence_length,
    pack,
    rule: rows.rule,
    seed: rows.seed,
    ...(rows.shuffle_seed === undefined ? {} : { shuffle_seed: rows.shuffle_seed }),
    ...(rows.split === undefined ? {} : { split: rows.split }),
    fractions,
    long_rows,
    align_tokens,
    ...placed(path, context),
  };
}
