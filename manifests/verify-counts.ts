/**
 * Do the figures of a manifest follow from the files it names? Documents and tokens from the indexes, tables of documents against them, and
 * what packing came to from the pieces tables.
 *
 * Runs on files that are whole: what is damaged has been reported already. Price: indexes, tables and pieces are read once for each store
 * and packing; the index and the pieces of one shard are held in memory.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ShardmillError } from "../batch/errors.ts";
import { decodeArrow } from "../io/formats/arrow-table.ts";
import { canonicalJson } from "../kernels/json/canonical.ts";
import { addStatistics, type PackingStatistics, packingStatistics, planFromPieces } from "../kernels/pack/plan.ts";
import { selectDocuments } from "../kernels/pack/select.ts";
import { companions, decodeEnds, decodePieces } from "../store/token-file.ts";
import type { SourceManifest, StoredFile } from "./schema.ts";

/** End of the names of tables of documents. */
const DOCUMENTS = ".documents.arrow";

type PackedStore = Pick<SourceManifest, "token_store" | "files" | "shard_windows" | "selection" | "packing">;

export interface CountProblem {
  readonly code: string;
  readonly file?: string;
  readonly what: string;
}

/** Counts the same files once, however many training stages read them. */
export class CountChecker {
  readonly #store: string;
  readonly #ends = new Map<string, { readonly documents: number; readonly tokens: number }>();
  readonly #tables = new Set<string>();
  readonly #statistics = new Map<string, PackingStatistics>();

  constructor(store: string) {
    this.#store = store;
  }

  async problems(source: PackedStore, windowTokens: number): Promise<CountProblem[]> {
    const problems: CountProblem[] = [];
    try {
      problems.push(...(await this.#storeProblems(source.token_store)));
      problems.push(...(await this.#selectionProblems(source)));
      problems.push(...(await this.#packingProblems(source, windowTokens)));
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
      const what = `its token store holds ${total[field]} ${field}, and the manifest says ${store[field]}`;
      problems.push({ code: "verify/store-counts", what });
    }
    return problems;
  }

  async #selectionProblems({ selection, token_store }: PackedStore): Promise<CountProblem[]> {
    if (selection === undefined) return [];
    let documents = 0;
    let tokens = 0;
    for (const { path } of token_store.files) {
      if (!path.endsWith(`.ds${companions.index}`)) continue;
      const selected = selectDocuments(await this.#endsOf(path), selection);
      documents += selected.documents_skipped;
      tokens += selected.tokens_skipped;
    }
    if (documents === selection.documents_skipped && tokens === selection.tokens_skipped) return [];
    const said = `${selection.documents_skipped} documents of ${selection.tokens_skipped} tokens`;
    const what = `its selection leaves out ${documents} documents of ${tokens} tokens, and the manifest says ${said}`;
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
    const selected = selection && selectDocuments(ends, selection);
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

/** Why a table of documents is not that of an index, or undefined. */
function tableProblem(bytes: Uint8Array, ends: Float64Array, name: string): string | undefined {
  const { rows, columns } = decodeArrow(bytes, name);
  if (rows !== ends.length) return `has ${rows} rows, and the index beside it ${ends.length} documents`;
  if (rows === 0) return undefined;
  const tokens = columns.get("tokens");
  if (tokens?.kind !== "int32") return "has no numbers of tokens";
  let start = 0;
  for (const [row, end] of ends.entries()) {
    if (tokens.values[row] !== end - start)
      return `says that document ${row} has ${tokens.values[row]} tokens, and the index beside it ${end - start}`;
    start = end;
  }
  return undefined;
}
