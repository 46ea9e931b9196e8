/**
 * The tokens of a span, in runs in shuffle order, and beside them, where the source has one, the loss lane: a byte a token.
 *
 * Invariant: every document begins with BOS where there is one, ends in EOS and has neither inside unless special tokens are parsed; both files hold documents in the same order.
 */
import { join } from "node:path";
import type { Batch } from "../../../batch/batch.ts";
import { Int32Builder } from "../../../batch/builder.ts";
import type { TokenListColumn } from "../../../batch/column.ts";
import { entryAt } from "../../../batch/entry.ts";
import { int32At, uint32At } from "../../../batch/numbers.ts";
import { createIntermediate, type PendingFile } from "../../../io/local/commit.ts";
import type { VouchedFile } from "../../../io/local/vouched.ts";
import { documentProblem } from "../../../kernels/pack/documents.ts";
import { hash64, type Seed, seedFrom } from "../../../kernels/random/shuffle.ts";
import { type Plan, type SourcePlan, tokenizerOf } from "../../../plan/plan.ts";
import { spanFiles } from "../../../store/layout.ts";
import { bytesOf, formatOf, type TokenFormat } from "../../../store/token-file.ts";
import type { TokenPlaces } from "./documents.ts";
import { TokenRuns } from "./token-runs.ts";

/** Ids in two bytes each. An id that does not fit would be another one. */
function narrowed(ids: Uint32Array): Uint16Array {
  const narrow = new Uint16Array(ids.length);
  let bits = 0;
  for (let i = 0; i < ids.length; i++) {
    const id = uint32At(ids, i);
    narrow[i] = id;
    bits |= id;
  }
  if (bits >>> 16 !== 0) throw new Error("an id that needs four bytes is in a vocabulary whose ids have two");
  return narrow;
}

export class SpanTokens {
  readonly #source: SourcePlan;
  readonly #format: TokenFormat;
  readonly #seed: number;
  readonly #file: PendingFile<VouchedFile>;
  readonly #lossFile: PendingFile<VouchedFile> | undefined;
  readonly #runs: TokenRuns;
  readonly #key = new Uint32Array(2);
  readonly #keyHigh = new Int32Builder();
  readonly #keyLow = new Int32Builder();
  #seededShard = -1;
  #shardSeed: Seed = [0, 0];
  /** Of the batch at hand. */
  #bytes: Uint8Array = new Uint8Array();
  #column: TokenListColumn = { kind: "token_list", values: new Uint32Array(), offsets: new Int32Array(1) };

  constructor(folder: string, span: number, source: SourcePlan, plan: Plan) {
    this.#source = source;
    this.#format = formatOf(tokenizerOf(plan));
    const { token_bytes } = this.#format;
    this.#seed = plan.recipe.seed;
    this.#file = createIntermediate(join(folder, spanFiles.tokens(span)));
    this.#lossFile = source.loss ? createIntermediate(join(folder, spanFiles.loss(span))) : undefined;
    const lossFile = this.#lossFile;
    this.#runs = new TokenRuns(
      (bytes) => this.#file.write(bytes),
      token_bytes,
      undefined,
      lossFile && ((bytes) => lossFile.write(bytes)),
    );
  }

  /** Turns to the token lists of `batch`, after a look at what documents begin and end with. Returns how many tokens they are. */
  open(batch: Batch): number {
    this.#column = batch.tokens;
    const { values, offsets } = this.#column;
    const ends: number[] = [];
    batch.alive.forEach((row) => {
      ends.push(int32At(offsets, row + 1));
    });
    const problem = documentProblem(values, ends, this.#format);
    if (problem !== undefined) throw new Error(`${this.#source.name}: document ${problem.document} ${problem.what}`);
    this.#bytes = bytesOf(this.#format.token_bytes === 2 ? narrowed(values) : values);
    return values.length;
  }

  /** Adds the tokens of `row` of the open batch; returns how many there are. */
  add(batch: Batch, row: number): number {
    const { offsets, loss } = this.#column;
    const width = this.#format.token_bytes;
    const shard = int32At(batch.shards, row);
    if (shard !== this.#seededShard) {
      this.#seededShard = shard;
      this.#shardSeed = seedFrom(this.#seed, "documents", entryAt(this.#source.shards, shard, "shard").key);
    }
    hash64(this.#shardSeed[0], this.#shardSeed[1], batch.position(row), this.#key);
    const [high, low] = [uint32At(this.#key, 0), uint32At(this.#key, 1)];
    this.#keyHigh.append(high);
    this.#keyLow.append(low);
    const [start, end] = [int32At(offsets, row), int32At(offsets, row + 1)];
    const tokens = this.#bytes.subarray(start * width, end * width);
    this.#runs.add(high, low, tokens, loss?.subarray(start, end));
    return end - start;
  }

  /** Where the tokens of every document lie. Ends the runs. */
  finish(): TokenPlaces {
    return { keyHigh: this.#keyHigh.finish(), keyLow: this.#keyLow.finish(), ...this.#runs.finish() };
  }

  commit(): readonly VouchedFile[] {
    return [this.#file.commit(), ...(this.#lossFile === undefined ? [] : [this.#lossFile.commit()])];
  }

  abort(): void {
    this.#runs.abort();
    this.#file.abort();
    this.#lossFile?.abort();
  }
}
