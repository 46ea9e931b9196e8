/**
 * How much of an element's text is links: what tells a menu from a paragraph.
 *
 * Invariant: lengths are bytes of UTF-8 in which runs of blanks count one, over all that is in an element, as if it were one text. Price: one pass over
 * the page's texts, then a few additions an element.
 */
import { TEXT, tag } from "./tags.ts";
import type { HtmlTree } from "./tree.ts";

const A = tag("a");

export class LinkDensity {
  /** Before each node: bytes of the texts so far; and of them those that a blank before them would take away. */
  #lengths = new Float64Array(0);
  #links = new Float64Array(0);
  /** From each node on: the first text that has something in it. */
  #firstText = new Int32Array(0);
  /** Of texts: whether they begin with a blank and follow one. */
  #joins = new Uint8Array(0);
  #tree: HtmlTree | undefined;

  /** Looks at a tree. */
  measure(tree: HtmlTree): void {
    this.#tree = tree;
    const { count, tags } = tree;
    if (this.#lengths.length <= count) {
      const size = Math.max(2 * this.#lengths.length, count + 1);
      this.#lengths = new Float64Array(size);
      this.#links = new Float64Array(size);
      this.#firstText = new Int32Array(size);
      this.#joins = new Uint8Array(size);
    }
    let length = 0;
    let endsInBlank = false;
    for (let node = 0; node < count; node++) {
      this.#lengths[node] = length;
      this.#joins[node] = 0;
      if (tags[node] !== TEXT) continue;
      const text = tree.hasReference(node)
        ? collapsed(tree.text(node))
        : collapsed(tree.html, tree.from[node], tree.to[node]);
      if (endsInBlank && text.startsWithBlank) {
        this.#joins[node] = 1;
        length--;
      }
      length += text.bytes;
      endsInBlank = text.endsWithBlank;
    }
    this.#lengths[count] = length;
    this.#firstText[count] = count;
    for (let node = count - 1; node >= 0; node--)
      this.#firstText[node] = tags[node] === TEXT ? node : this.#firstText[node + 1];
    let links = 0;
    for (let node = 0; node < count; node++) {
      this.#links[node] = links;
      if (tags[node] === A) links += this.length(node);
    }
    this.#links[count] = links;
  }

  /** Bytes of the element's text. */
  length(node: number): number {
    const end = this.#tree?.ends[node] ?? node;
    const first = this.#firstText[node];
    if (first >= end) return 0;
    return this.#lengths[end] - this.#lengths[node] + this.#joins[first];
  }

  /**
   * Whether links make up more than `ratio` of the element's text. Where `maxBytes` is given, a longer text is never taken for a heap of links.
   */
  isLinks(node: number, ratio: number, maxBytes?: number): boolean {
    const length = this.length(node);
    if (maxBytes !== undefined && length > maxBytes) return false;
    const end = this.#tree?.ends[node] ?? node;
    // The element itself is not among those in it.
    const inside = node + 1 < end ? this.#links[end] - this.#links[node + 1] : 0;
    return inside > 0 && inside > ratio * length;
  }
}

interface Collapsed {
  readonly bytes: number;
  readonly startsWithBlank: boolean;
  readonly endsWithBlank: boolean;
}

export function isBlank(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

function collapsed(text: string, from = 0, to = text.length): Collapsed {
  let bytes = 0;
  let wasBlank = false;
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (isBlank(code)) {
      if (!wasBlank) bytes++;
      wasBlank = true;
      continue;
    }
    wasBlank = false;
    // Each half of a pair is two bytes of its four.
    bytes += code < 0x80 ? 1 : code < 0x800 || (code & 0xf800) === 0xd800 ? 2 : 3;
  }
  return { bytes, startsWithBlank: from < to && isBlank(text.charCodeAt(from)), endsWithBlank: wasBlank };
}
