/** A set of byte strings that answers which is the longest at a place of a text. Price: thirteen bytes a node, a node for every byte at most. */

export class ByteTrie {
  /** First child of each node, next sibling, the byte that leads to it, and the string that ends there, -1 for none. Node 0 is the root. */
  readonly #children: Int32Array;
  readonly #siblings: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #ends: Int32Array;
  readonly #lengths: Int32Array;
  #nodes = 1;

  /** @param strings not empty, no two the same */
  constructor(strings: readonly Uint8Array[]) {
    const capacity = strings.reduce((sum, string) => sum + string.length, 1);
    this.#children = new Int32Array(capacity);
    this.#siblings = new Int32Array(capacity);
    this.#bytes = new Uint8Array(capacity);
    this.#ends = new Int32Array(capacity).fill(-1);
    this.#lengths = Int32Array.from(strings, (string) => string.length);
    for (const [i, string] of strings.entries()) {
      let node = 0;
      for (const byte of string) node = this.#child(node, byte) || this.#addChild(node, byte);
      this.#ends[node] = i;
    }
  }

  /** The longest string that `bytes[at, end)` starts with, by its number, -1 where there is none. */
  longest(bytes: Uint8Array, at: number, end: number): number {
    let found = -1;
    let node = 0;
    for (let p = at; p < end; p++) {
      node = this.#child(node, bytes[p]);
      if (node === 0) break;
      if (this.#ends[node] !== -1) found = this.#ends[node];
    }
    return found;
  }

  /** The length of string number `index`. */
  lengthOf(index: number): number {
    return this.#lengths[index];
  }

  #child(node: number, byte: number): number {
    let child = this.#children[node];
    while (child !== 0 && this.#bytes[child] !== byte) child = this.#siblings[child];
    return child;
  }

  #addChild(node: number, byte: number): number {
    const child = this.#nodes++;
    this.#bytes[child] = byte;
    this.#siblings[child] = this.#children[node];
    this.#children[node] = child;
    return child;
  }
}
