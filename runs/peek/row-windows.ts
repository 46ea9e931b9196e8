/**
 * A look at the packed rows of training stages that mix rows: where tokens come from is told by the stage's index, and they are read from the stores.
 *
 * Price: the index of a stage in memory, and a read from disk a piece of the rows that are shown.
 */
import { join } from "node:path";
import { readPart } from "../../io/local/read-part.ts";
import { type Plan, type RowsPlan, sourceAt } from "../../plan/plan.ts";
import { type Layout, rowFiles, tokenFiles } from "../../store/layout.ts";
import { markerFacts } from "../../store/marker.ts";
import { decodeRowPlan, type RowPlan } from "../../store/row-plan.ts";
import { decodeTokens } from "../../store/token-file.ts";
import type { ArrangeMarker } from "../../workers/protocol.ts";

export interface PeekedRow {
  /** Its sources, joined by `+`. */
  readonly source: string;
  readonly training_stage: string;
  readonly file: string;
  readonly window: number;
  readonly documents: number;
  readonly padding_tokens: number;
  readonly text: string;
}

export interface PackedRows {
  readonly rows: number;
  readonly show: (row: number) => PeekedRow;
}

/** The packed rows of a stage; undefined where they are not arranged yet. `decode` makes text of ids. */
export function packedRows(
  { plan, layout }: { readonly plan: Plan; readonly layout: Layout },
  stage: RowsPlan,
  tokenBytes: 2 | 4,
  decode: (ids: Uint32Array) => Uint8Array,
): PackedRows | undefined {
  const folder = layout.rows(stage.fingerprint);
  if (markerFacts<ArrangeMarker>(folder, rowFiles.marker) === undefined) return undefined;
  const file = join(folder, rowFiles.pieces);
  const index = decodeRowPlan(readPart(file), readPart(join(folder, rowFiles.ends)), stage.stage);
  const stores = storeFiles(plan, layout, stage);
  const source = stage.sources.map((member) => sourceAt(plan, member.source).name).join("+");
  return {
    rows: index.rows,
    show: (row) => ({
      source,
      training_stage: stage.stage,
      file,
      window: row,
      ...showRow(index, row, stores, stage.sequence_length, tokenBytes, decode),
    }),
  };
}

/** Token files in the order in which an index numbers them: through the shards of the stage's sources. */
function storeFiles(plan: Plan, layout: Layout, { sources }: RowsPlan): readonly string[] {
  return sources.flatMap((member) => {
    const { name, tokens } = sourceAt(plan, member.source);
    const folder = layout.tokens(tokens);
    const files: string[] = [];
    while (markerFacts(folder, tokenFiles.shardMarker(files.length)) !== undefined)
      files.push(join(folder, tokenFiles.shard(files.length, name)));
    return files;
  });
}

function showRow(
  index: RowPlan,
  row: number,
  stores: readonly string[],
  capacity: number,
  tokenBytes: 2 | 4,
  decode: (ids: Uint32Array) => Uint8Array,
): Pick<PeekedRow, "documents" | "padding_tokens" | "text"> {
  const [from, to] = index.bounds(row);
  let documents = 0;
  let tokens = 0;
  let text = "";
  for (let at = from; at < to; at++) {
    const piece = index.piece(at);
    const path = stores[piece.file] ?? "";
    const bytes = readPart(path, piece.first * tokenBytes, piece.tokens * tokenBytes);
    const shown = Buffer.from(decode(Uint32Array.from(decodeTokens(bytes, tokenBytes, path)))).toString("utf8");
    text += `${at > from && piece.begins ? "‖" : ""}${shown}`;
    documents += Number(piece.begins);
    tokens += piece.tokens;
  }
  const padding = capacity - tokens;
  return { documents, padding_tokens: padding, text: padding > 0 ? `${text}‖□` : text };
}
