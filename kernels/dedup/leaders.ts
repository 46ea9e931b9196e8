/**
 * Which documents of one key group are united when each pair has to be similar enough.
 *
 * Rule: documents come in ascending order. Each is compared with the group's leaders, oldest first, and united with the first
 * one it is similar to; where there is none, it becomes a leader itself, while there are fewer than {@link MAX_LEADERS}.
 *
 * Invariant: the pairs depend on the group's documents and their signatures alone. Price: at most MAX_LEADERS comparisons and
 * one signature read a document, however large the group; memory is MAX_LEADERS + 1 signatures.
 */

/** Distinct texts behind one key are few unless the key is boilerplate; beyond these, documents stay apart in its group. */
export const MAX_LEADERS = 16;

/** Whether the signatures that start at `a` and at `b` of `signatures` are those of similar documents. */
export type Similar = (signatures: Uint16Array, a: number, b: number) => boolean;

/** Writes a document's signature to `out[at …]`. */
export type ReadSignature = (document: number, out: Uint16Array, at: number) => void;

export class Leaders {
  readonly #slots: number;
  readonly #similar: Similar;
  readonly #read: ReadSignature;
  /** Those of the leaders, in order, and behind them that of the document at hand. */
  readonly #signatures: Uint16Array;
  readonly #leaders = new Uint32Array(MAX_LEADERS);

  constructor(slots: number, similar: Similar, read: ReadSignature) {
    this.#slots = slots;
    this.#similar = similar;
    this.#read = read;
    this.#signatures = new Uint16Array((MAX_LEADERS + 1) * slots);
  }

  /** Calls `unite` for every pair (leader, document) among the documents `group[0, count)` that is united. */
  match(group: Uint32Array, count: number, unite: (leader: number, document: number) => void): void {
    let leaders = 0;
    for (let i = 0; i < count; i++) {
      const own = leaders * this.#slots;
      this.#read(group[i], this.#signatures, own);
      let leader = 0;
      while (leader < leaders && !this.#similar(this.#signatures, leader * this.#slots, own)) leader++;
      if (leader < leaders) unite(this.#leaders[leader], group[i]);
      else if (leaders < MAX_LEADERS) this.#leaders[leaders++] = group[i];
    }
  }
}

/** Entries in which `signatures[a, a + slots)` and `signatures[b, b + slots)` agree. */
export function equalSlots(signatures: Uint16Array, a: number, b: number, slots: number): number {
  let equal = 0;
  for (let slot = 0; slot < slots; slot++) equal += Number(signatures[a + slot] === signatures[b + slot]);
  return equal;
}
