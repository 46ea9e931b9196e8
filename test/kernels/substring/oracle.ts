/** Duplicate fragments by a suffix array of all documents: slow, small, and made of nothing that the program has. */

/** By document, 1 for every fragment that has an equal one before it that it does not overlap. */
export function duplicateFragments(documents: readonly Uint8Array[], length: number): Uint8Array[] {
  const starts: number[] = [];
  const symbols: number[] = [];
  for (const [index, document] of documents.entries()) {
    starts.push(symbols.length);
    for (const byte of document) symbols.push(byte);
    // A separator that no text and no other document has.
    symbols.push(256 + index);
  }
  const order = suffixArray(symbols);
  const documentOf = new Int32Array(symbols.length);
  for (const [index, start] of starts.entries()) {
    documentOf.fill(index, start, start + documents[index].length + 1);
  }
  const marks = documents.map(({ length: bytes }) => new Uint8Array(Math.max(0, bytes - length + 1)));
  const isFragment = (at: number) => at - starts[documentOf[at]] + length <= documents[documentOf[at]].length;
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && common(symbols, order[to - 1], order[to], length)) to++;
    const group = [...order.subarray(from, to)].filter(isFragment);
    const first = Math.min(...group);
    for (const at of group) {
      const apart = documentOf[first] !== documentOf[at] || first + length <= at;
      if (apart) marks[documentOf[at]][at - starts[documentOf[at]]] = 1;
    }
    from = to;
  }
  return marks;
}

function common(symbols: readonly number[], a: number, b: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (symbols[a + i] === undefined || symbols[a + i] !== symbols[b + i]) return false;
  return true;
}

/** Prefix doubling. */
function suffixArray(symbols: readonly number[]): Int32Array {
  const n = symbols.length;
  const order = Int32Array.from(symbols, (_, i) => i);
  let ranks = Float64Array.from(symbols);
  for (let width = 1; ; width *= 2) {
    const keys = Float64Array.from(ranks, (rank, i) => rank * (n + 300) + (i + width < n ? ranks[i + width] + 1 : 0));
    order.sort((a, b) => keys[a] - keys[b]);
    const next = new Float64Array(n);
    for (let i = 1; i < n; i++) next[order[i]] = next[order[i - 1]] + (keys[order[i]] === keys[order[i - 1]] ? 0 : 1);
    ranks = next;
    if (n === 0 || next[order[n - 1]] === n - 1) return order;
  }
}

/** Marks of ranges. */
export function marked(fragments: number, ranges: readonly (readonly [number, number])[]): Uint8Array {
  const marks = new Uint8Array(Math.max(0, fragments));
  for (const [from, to] of ranges) marks.fill(1, from, to);
  return marks;
}
