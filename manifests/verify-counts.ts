/**
 * Do the figures of a manifest follow from the files it names? Documents and tokens from the indexes, tables of documents against them, and
 * what packing came to from the pieces tables.
 *
 * Runs on files that are whole: what is damaged has been reported already. Price: indexes, tables and pieces are read once for each store
 * and packing; the index and the pieces of one shard are held in memory.
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { int32Values } from "../batch/column.ts";
import { ShardmillError } from "../batch/errors.ts";
import { float64At } from "../batch/numbers.ts";
import { exactly } from "../batch/plural.ts";
import { decodeArrow } from "../io/formats/arrow-table.ts";
import { canonicalJson } from "../kernels/json/canonical.ts";
import { addStatistics, type PackingStatistics, packingStatistics, planFromPieces } from "../kernels/pack/plan.ts";
import { selectInShard } from "../store/shard-scores.ts";
import { companions, decodeEnds, decodePieces } from "../store/token-file.ts";
import type { SourceManifest, StoredFile, TokenizerGuard, TrainingStageManifest } from "./schema.ts";
import { tokenizerGuard } from "./tokenizer-guard.ts";
import type { ShardCounts } from "./verify-files.ts";

/** End of the names of tables of documents. */
const DOCUMENTS = ".documents.arrow";

type PackedStore = Pick<
  SourceManifest,
  "token_store" | "files" | "shard_windows" | "selection" | "packing" | "tokenizer_guard"
>;

export interface CountProblem {
  readonly code: string;
  readonly file?: string;
  readonly what: string;
}

/** Counts the same files once, however many training stages read them. */
export class CountChecker {
  readonly #store: string;
  readonly #ends = new Map<string, { readonly documents: number; readonly tokens: number }>();
  readonly #held: ReadonlyMap<string, ShardCounts>;
  readonly #tables = new Set<string>();
  readonly #statistics = new Map<string, PackingStatistics>();

  /** @param held what shards of token stores hold, by the path of their `.ds`, as far as they were whole */
  constructor(store: string, held: ReadonlyMap<string, ShardCounts>) {
    this.#store = store;
    this.#held = held;
  }

  async problems(
    source: PackedStore,
    { tokenizer, stage }: Pick<TrainingStageManifest, "tokenizer" | "stage">,
  ): Promise<CountProblem[]> {
    const problems: CountProblem[] = [];
    try {
      problems.push(...(await this.#storeProblems(source.token_store)));
      problems.push(...(await this.#selectionProblems(source)));
      problems.push(...(await this.#packingProblems(source, stage.window_tokens)));
      problems.push(...(await this.#guardProblems(source, tokenizer)));
    } catch (error) {
      if (!(error instanceof ShardmillError) && !(error instanceof RangeError)) throw error;
      const what = error instanceof ShardmillError ? error.details.what : error.message;
      problems.push({ code: "verify/uncountable", what });
    }
    return problems;
  }

  async #storeProblems(store: PackedStore["token_store"]): Promise<CountProblem[]> {
    const problems: CountProblem[] = [];
    const total = { documents: 0, tokens: 0 };
    for (const { path, shard } of store.files) {
      if (!path.endsWith(`.ds${companions.index}`)) continue;
      const counts = await this.#countsOf(path);
      total.documents += counts.documents;
      total.tokens += counts.tokens;
      const table = store.files.find((file) => file.shard === shard && file.path.endsWith(DOCUMENTS));
      if (table === undefined || this.#tables.has(table.path)) continue;
      this.#tables.add(table.path);
      const what = tableProblem(await this.#read(table), await this.#endsOf(path), table.path);
      if (what !== undefined) problems.push({ code: "verify/bad-documents", file: table.path, what });
    }
    for (const field of ["documents", "tokens"] as const) {
      if (total[field] === store[field]) continue;
      const what = `its token store holds ${exactly(total[field], field.slice(0, -1))}, and the manifest says ${store[field]}`;
      problems.push({ code: "verify/store-counts", what });
    }
    return problems;
  }

  /** What the manifest says that tokens are like, against what shards hold. What was sampled of texts cannot be looked at again here. */
  async #guardProblems(
    { tokenizer_guard, token_store }: PackedStore,
    tokenizer: TrainingStageManifest["tokenizer"],
  ): Promise<CountProblem[]> {
    if (tokenizer_guard === undefined) return [];
    const counts = new Float64Array(tokenizer.vocab_size);
    const inside = { eos: 0, bos: 0 };
    let text_bytes = 0;
    for (const file of token_store.files) {
      if (file.path.endsWith(DOCUMENTS)) text_bytes += textBytes(await this.#read(file), file.path);
      const held = this.#held.get(file.path);
      if (held === undefined) continue;
      held.counts.forEach((count, id) => {
        counts[id] = float64At(counts, id) + count;
      });
      inside.eos += held.documents_with_eos_inside;
      inside.bos += held.documents_with_bos_inside;
    }
    const { border_tokens, round_trip, special_tokens = [], top_tokens } = tokenizer_guard;
    // How tokens are shown is the tokenizer's to say.
    const texts = new Map([...special_tokens, ...top_tokens].map(({ id, text }) => [id, text]));
    const found = tokenizerGuard({
      tokenizer,
      documents: token_store.documents,
      text_bytes,
      documents_with_eos_inside: inside.eos,
      documents_with_bos_inside: inside.bos,
      counts,
      border_tokens,
      round_trip,
      special: special_tokens.map(({ id }) => id),
      text: (id) => texts.get(id) ?? `id ${id}`,
    });
    const keys = Object.keys({ ...found, ...tokenizer_guard }) as (keyof TokenizerGuard)[];
    return keys.flatMap((key) => {
      const [said, held] = [canonicalJson(tokenizer_guard[key] ?? null), canonicalJson(found[key] ?? null)];
      const what = `its tokenizer guard says ${key} ${said}, and its shards come to ${held}`;
      return said === held ? [] : [{ code: "verify/tokenizer-guard", what }];
    });
  }

  async #selectionProblems({ selection, token_store }: PackedStore): Promise<CountProblem[]> {
    if (selection === undefined) return [];
    let documents = 0;
    let tokens = 0;
    for (const { path, shard } of token_store.files) {
      if (!path.endsWith(`.ds${companions.index}`)) continue;
      const stored = join(this.#store, path.slice(0, -companions.index.length));
      const selected = selectInShard(await this.#endsOf(path), selection, { shard, path: stored });
      documents += selected.documents_skipped;
      tokens += selected.tokens_skipped;
    }
    if (documents === selection.documents_skipped && tokens === selection.tokens_skipped) return [];
    const said = `${exactly(selection.documents_skipped, "document")} of ${exactly(selection.tokens_skipped, "token")}`;
    const what = `its selection leaves out ${exactly(documents, "document")} of ${exactly(tokens, "token")}, and the manifest says ${said}`;
    return [{ code: "verify/selection-counts", what }];
  }

  async #packingProblems(source: PackedStore, windowTokens: number): Promise<CountProblem[]> {
    const parts: PackingStatistics[] = [];
    for (let shard = 0; shard < source.shard_windows.length; shard++) {
      const file = source.files.find((candidate) => {
        return candidate.shard === shard && candidate.epoch === undefined && candidate.path.endsWith(".ds");
      });
      // Said already where there is none.
      if (file === undefined) return [];
      parts.push(await this.#statisticsOf(source, shard, file.path, windowTokens));
    }
    if (parts.length === 0 || canonicalJson(addStatistics(parts)) === canonicalJson(source.packing)) return [];
    const found = addStatistics(parts);
    const differing = (Object.keys(found) as (keyof PackingStatistics)[]).filter(
      (field) => found[field] !== source.packing[field],
    );
    const figures = differing.map((field) => `${field} ${found[field]} instead of ${source.packing[field]}`);
    return [{ code: "verify/packing-statistics", what: `its pieces come to ${figures.join(", ")}` }];
  }

  async #statisticsOf(
    { selection, token_store }: PackedStore,
    shard: number,
    path: string,
    windowTokens: number,
  ): Promise<PackingStatistics> {
    const known = this.#statistics.get(path);
    if (known !== undefined) return known;
    const name = path + companions.pieces;
    const plan = planFromPieces(decodePieces(await readFile(join(this.#store, name)), name), windowTokens);
    const index = token_store.files.find(
      (file) => file.shard === shard && file.path.endsWith(`.ds${companions.index}`),
    );
    const ends = index === undefined ? new Float64Array() : await this.#endsOf(index.path);
    const selected =
      selection &&
      index &&
      selectInShard(ends, selection, { shard, path: join(this.#store, index.path.slice(0, -companions.index.length)) });
    const positions = selected && new Map([...selected.documents].map((document, position) => [document, position]));
    const piece_document = plan.piece_document.map((document) =>
      document < 0 || positions === undefined ? document : (positions.get(document) ?? ends.length),
    );
    const statistics = packingStatistics({ ...plan, piece_document }, selected?.ends ?? ends, windowTokens);
    this.#statistics.set(path, statistics);
    return statistics;
  }

  async #countsOf(path: string): Promise<{ readonly documents: number; readonly tokens: number }> {
    const known = this.#ends.get(path);
    if (known !== undefined) return known;
    const ends = await this.#endsOf(path);
    const counts = { documents: ends.length, tokens: ends.at(-1) ?? 0 };
    this.#ends.set(path, counts);
    return counts;
  }

  async #endsOf(path: string): Promise<Float64Array> {
    return decodeEnds(await readFile(join(this.#store, path)), path);
  }

  #read({ path }: StoredFile): Promise<Uint8Array> {
    return readFile(join(this.#store, path));
  }
}

/** Bytes of the texts of a table of documents. */
function textBytes(table: Uint8Array, name: string): number {
  const { rows, columns } = decodeArrow(table, name);
  return rows === 0 ? 0 : int32Values(columns, "bytes").reduce((sum, bytes) => sum + bytes, 0);
}

/** Why a table of documents is not that of an index, or undefined. */
function tableProblem(bytes: Uint8Array, ends: Float64Array, name: string): string | undefined {
  const { rows, columns } = decodeArrow(bytes, name);
  if (rows !== ends.length)
    return `has ${exactly(rows, "row")}, and the index beside it ${exactly(ends.length, "document")}`;
  if (rows === 0) return undefined;
  const tokens = columns.get("tokens");
  if (tokens?.kind !== "int32") return "has no numbers of tokens";
  let start = 0;
  for (const [row, end] of ends.entries()) {
    if (tokens.values[row] !== end - start)
      return `says that document ${row} has ${exactly(tokens.values[row] ?? 0, "token")}, and the index beside it ${end - start}`;
    start = end;
  }
  return undefined;
}
