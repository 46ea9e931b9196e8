/**
 * What the documents of a store shard consist of, counted as they are written: how often each token stands there, and how many documents hold
 * the token they end or begin with elsewhere too, or EOS before their end where none is appended.
 *
 * Invariant: exact; ids beyond the vocabulary, and BOS and EOS inside documents that nothing was parsed in, are bugs that end here. Ids are counted in
 * blocks, not by document: a call for each costs as much again. Price: 2 ns a token, and 4 bytes for each id of the vocabulary.
 */
import { uint32At } from "../../batch/numbers.ts";
import type { TokenArray } from "../../kernels/pack/fill.ts";
import { countTokens } from "../../kernels/token-counts.ts";
import type { TokenizerPlan } from "../../plan/plan.ts";
import type { ShardMarker } from "../protocol.ts";

export class ShardContents {
  readonly #tokenizer: TokenizerPlan;
  readonly #counts: Uint32Array;
  /** Whether text may have become BOS or EOS, so that documents have to be looked at one by one. */
  readonly parses: boolean;
  #tokens = 0;
  #eosInside = 0;
  #bosInside = 0;

  constructor(tokenizer: TokenizerPlan) {
    this.#tokenizer = tokenizer;
    this.#counts = new Uint32Array(tokenizer.vocab_size);
    this.parses = tokenizer.special_tokens === "parse";
  }

  /** The next ids of the shard, in pieces of any length. */
  count(ids: TokenArray): void {
    this.#tokens += ids.length;
    countTokens(ids, this.#counts);
  }

  /** The ids of the next document, which `count` gets too. Asked for where text may have become BOS or EOS. */
  document(ids: TokenArray): void {
    const { eos, bos } = this.#tokenizer;
    const firstEos = ids.indexOf(eos.id);
    if (firstEos !== -1 && firstEos !== ids.length - 1) this.#eosInside++;
    if (bos !== undefined && ids.indexOf(bos.id, 1) !== -1) this.#bosInside++;
  }

  /** By id, of a shard of `documents`. */
  counts(documents: number): Uint32Array {
    const counts = this.#counts;
    const known = counts.reduce((sum, count) => sum + count, 0);
    if (known !== this.#tokens) throw new Error(`${known} of ${this.#tokens} tokens are of the vocabulary`);
    if (this.parses) return counts;
    const { eos, bos, append_eos } = this.#tokenizer;
    for (const token of bos === undefined ? [eos] : [eos, bos]) {
      const found = uint32At(counts, token.id);
      const perDocument = token === eos && append_eos === "never" ? 0 : 1;
      if (found !== perDocument * documents)
        throw new Error(`${found} times ${token.token} in ${documents} documents that each have ${perDocument}`);
    }
    return counts;
  }

  documents(): Pick<ShardMarker, "documents_with_eos_inside" | "documents_with_bos_inside"> {
    if (!this.parses) return {};
    return { documents_with_eos_inside: this.#eosInside, documents_with_bos_inside: this.#bosInside };
  }
}
