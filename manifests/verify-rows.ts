/**
 * Checks of training stages of rows: do the figures of a manifest follow from each other, and do the packed rows hold what it says?
 *
 * Invariant: as verify.ts. Price: the index of the rows, and the loss lanes of the stage's stores, once.
 */
import fs from "node:fs";
import { join } from "node:path";
import { entryAt } from "../batch/entry.ts";
import { rowFiles } from "../store/layout.ts";
import { decodeRowPlan, type RowPlan, rowPlanProblem } from "../store/row-plan.ts";
import { achievedShare } from "./gates.ts";
import type { RowManifest, RowSourceManifest } from "./row-schema.ts";
import { lossFile } from "./shard-files.ts";
import type { Finding } from "./verify-figures.ts";
import { fileProblem } from "./verify-files.ts";

const TOLERANCE = 1e-9;

/** No file is opened. */
export function rowFigureFindings(manifest: RowManifest): Finding[] {
  const findings: Finding[] = [];
  const { stage, sources, order, gates } = manifest;
  const all = Object.entries(sources);
  const check = (holds: boolean, code: string, what: string, source?: string): void => {
    if (holds) return;
    findings.push({ severity: "error", code, ...(source === undefined ? {} : { source }), what });
  };
  const sum = (value: (source: RowSourceManifest) => number): number =>
    all.reduce((total, [, source]) => total + value(source), 0);
  check(
    order.length === all.length && order.every((name) => Object.hasOwn(sources, name)),
    "verify/row-order",
    "its order names other sources than it has",
  );
  for (const [field, value] of [
    ["tokens", sum(({ packed }) => packed.tokens)],
    ["supervised_tokens", sum(({ packed }) => packed.supervised_tokens)],
    ["sequences", sum(({ packed }) => packed.sequences)],
    ["tokens_lost", sum(({ tokens_lost }) => tokens_lost)],
    ["tokens_repeated", sum(({ tokens_repeated }) => tokens_repeated)],
  ] as const) {
    check(
      stage[field] === value,
      "verify/rows-do-not-add-up",
      `${field} is ${stage[field]}, and its sources come to ${value}`,
    );
  }
  const fill = stage.tokens / (stage.rows * stage.sequence_length);
  check(
    Math.abs(stage.fill_ratio - fill) < TOLERANCE,
    "verify/packing-does-not-add-up",
    `fill_ratio is ${stage.fill_ratio}, and its tokens come to ${fill}`,
  );
  for (const [name, source] of all) {
    const { available, taken, packed, tokens_lost, tokens_repeated } = source;
    check(
      taken.rows <= available.rows && taken.tokens <= available.tokens,
      "verify/rows-taken",
      `takes ${taken.rows} of ${available.rows} rows`,
      name,
    );
    check(
      packed.tokens === taken.tokens - tokens_lost + tokens_repeated,
      "verify/rows-do-not-add-up",
      "its packed tokens are not what it took, without what was lost and with what was repeated",
      name,
    );
    check(
      available.rows === source.token_store.documents && available.tokens === source.token_store.tokens,
      "verify/rows-available",
      `is said to have ${available.rows} rows, and its store has ${source.token_store.documents} documents`,
      name,
    );
    for (const field of ["rows", "tokens", "supervised_tokens"] as const) {
      const whole = sum((other) => other.taken[field]);
      const share = whole === 0 ? 0 : taken[field] / whole;
      check(
        Math.abs(source.shares[field] - share) < TOLERANCE,
        "verify/row-shares",
        `its share of ${field} is ${source.shares[field]}, and what it took comes to ${share}`,
        name,
      );
    }
  }
  for (const gate of gates) {
    const holds = gate.name.startsWith("min_") ? gate.value >= gate.limit : gate.value <= gate.limit;
    check(
      holds === gate.passed,
      "verify/gate",
      `gate ${gate.name} says ${gate.passed ? "passed" : "failed"} at ${gate.value} of ${gate.limit}`,
    );
    if (gate.name !== "max_weight_error") continue;
    const off = Math.max(0, ...all.map(([, one]) => Math.abs(achievedShare(stage.rule, one) - one.shares.requested)));
    check(
      Math.abs(gate.value - off) < TOLERANCE,
      "verify/gate",
      `gate max_weight_error says ${gate.value}, not ${off}`,
    );
  }
  return findings;
}

/** Findings on the index of the rows, and on what it says of the stores. */
export async function rowPlanFindings(
  manifest: RowManifest,
  store: string,
  onFile: (path: string) => void = () => {},
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const file of manifest.files) {
    onFile(file.path);
    const what = await fileProblem(store, file);
    if (what !== undefined) findings.push({ severity: "error", code: "verify/file-changed", file: file.path, what });
  }
  if (findings.length > 0) return findings;
  try {
    const what = rowsProblem(manifest, store);
    const [file] = manifest.files;
    if (what !== undefined) findings.push({ severity: "error", code: "verify/bad-rows", file: file?.path ?? "", what });
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    findings.push({ severity: "error", code: "verify/bad-rows", what: `cannot be read: ${what}` });
  }
  return findings;
}

function rowsProblem(manifest: RowManifest, store: string): string | undefined {
  const { stage, files, token_files, sources, tokenizer } = manifest;
  const read = (name: string): Uint8Array => {
    const file = files.find(({ path }) => path.endsWith(`/${name}`));
    if (file === undefined) throw new Error(`no ${name} is listed`);
    return fs.readFileSync(join(store, file.path));
  };
  const plan = decodeRowPlan(read(rowFiles.pieces), read(rowFiles.ends), `the rows of ${stage.name}`);
  if (plan.rows !== stage.rows) return `${plan.rows} rows are there, and the manifest says ${stage.rows}`;
  const sizes = token_files.map(({ source, path }) => {
    const size = sources[source]?.token_store.files.find((file) => file.path === path)?.size_bytes ?? 0;
    return size / tokenizer.token_bytes;
  });
  const problem = rowPlanProblem(plan, stage.sequence_length, sizes);
  if (problem !== undefined) return problem;
  const found = recount(plan, manifest, store);
  for (const [name, { packed }] of Object.entries(sources)) {
    const own = found.get(name) ?? { sequences: 0, tokens: 0, supervised_tokens: 0 };
    for (const field of ["sequences", "tokens", "supervised_tokens"] as const) {
      if (own[field] === packed[field]) continue;
      return `${own[field]} ${field.replace("_", " ")} of ${name} stand in the rows, and the manifest says ${packed[field]}`;
    }
  }
  return undefined;
}

type Packed = { -readonly [Field in keyof RowSourceManifest["packed"]]: number };

function recount(plan: RowPlan, { token_files, sources }: RowManifest, store: string): Map<string, Packed> {
  const found = new Map<string, Packed>();
  const byFile = token_files.map((): number[] => []);
  for (let piece = 0; piece < plan.pieces; piece++) entryAt(byFile, plan.piece(piece).file, "token file").push(piece);
  for (const [file, pieces] of byFile.entries()) {
    const { source, path } = entryAt(token_files, file, "token file");
    const lane = lossFile(sources[source]?.token_store.files ?? [], { path });
    const loss = lane === undefined ? undefined : fs.readFileSync(join(store, lane.path));
    const sum = found.get(source) ?? { sequences: 0, tokens: 0, supervised_tokens: 0 };
    found.set(source, sum);
    for (const index of pieces) {
      const { first, tokens, begins } = plan.piece(index);
      const from = first + Number(begins);
      sum.sequences += Number(begins);
      sum.tokens += tokens;
      if (loss === undefined) sum.supervised_tokens += first + tokens - from;
      else for (let at = from; at < first + tokens; at++) sum.supervised_tokens += loss[at] ?? 0;
    }
  }
  return found;
}
