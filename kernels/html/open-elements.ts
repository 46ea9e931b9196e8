/**
 * The elements of a page that are open, and the formatting ones that go on in the next block where they were left open.
 *
 * Invariants: an element that is closed has its end; at most {@link MAX_DEPTH} are open, so that no walk over them is long. Price: a few array accesses.
 */
import { Is, tagIs } from "./tags.ts";
import type { HtmlTree } from "./tree.ts";

/** As browsers have it: what would be deeper becomes a sibling. */
export const MAX_DEPTH = 512;

/** On the list of formatting elements: a wall, behind which none goes on. */
const MARKER = -1;
/** Of equal formatting elements, so many are kept. */
const MAX_EQUAL = 3;
/** Of all, so many: pages that close none would have each paragraph go on in all that were ever opened. */
const MAX_FORMATTING = 64;

export class OpenElements {
  readonly #tree: HtmlTree;
  readonly #nodes = new Int32Array(MAX_DEPTH + 1);
  #count = 0;
  /** Formatting elements in the order of their starts, and walls. */
  #formatting: number[] = [];
  /** Where their tags stand in the page: equal ones are known by that. */
  readonly #sources = new Map<number, string>();
  readonly #open = new Set<number>();

  constructor(tree: HtmlTree) {
    this.#tree = tree;
  }

  reset(): void {
    this.#count = 0;
    this.#formatting = [];
    this.#sources.clear();
    this.#open.clear();
  }

  /** The innermost one. */
  get top(): number {
    return this.#nodes[this.#count - 1];
  }

  get topTag(): number {
    return this.#tree.tags[this.top];
  }

  get depth(): number {
    return this.#count;
  }

  tagAt(position: number): number {
    return this.#tree.tags[this.#nodes[position]];
  }

  /** Opens an element; it is a sibling of the innermost one where that is as deep as any may be. */
  open(number: number, from: number, to: number): number {
    if (this.#count > MAX_DEPTH) this.popTo(MAX_DEPTH);
    const node = this.add(number, from, to);
    this.#nodes[this.#count++] = node;
    return node;
  }

  /** Adds a node that has nothing in it to the innermost element. */
  add(number: number, from: number, to: number): number {
    const parent = this.#count === 0 ? 0 : this.top;
    return this.#tree.add(number, parent, this.#count === 0 ? 0 : this.#tree.depths[parent] + 1, from, to);
  }

  /** Closes elements until `count` are open; the body stays. */
  popTo(count: number): void {
    while (this.#count > Math.max(1, count)) {
      const node = this.#nodes[--this.#count];
      this.#tree.ends[node] = this.#tree.count;
      this.#open.delete(node);
    }
  }

  /** Closes all. */
  finish(): void {
    while (this.#count > 0) this.#tree.ends[this.#nodes[--this.#count]] = this.#tree.count;
  }

  /** Position of the innermost element of `number`, no further out than a wall; -1 where there is none. `walls` are others than those of scopes. */
  find(number: number, walls?: Uint8Array): number {
    for (let at = this.#count - 1; at >= 0; at--) {
      const each = this.tagAt(at);
      if (each === number) return at;
      if (tagIs(each, Is.scope) || (walls !== undefined && walls[each] === 1)) return -1;
    }
    return -1;
  }

  /** As {@link find}, with `walls` alone to end the search. */
  findWithin(isFound: (number: number) => boolean, walls: Uint8Array): number {
    for (let at = this.#count - 1; at >= 0; at--) {
      const each = this.tagAt(at);
      if (isFound(each)) return at;
      if (walls[each] === 1) return -1;
    }
    return -1;
  }

  /** Opens a formatting element; `source` is its tag as it is written. */
  openFormatting(number: number, from: number, to: number, source: string): void {
    const node = this.open(number, from, to);
    this.#open.add(node);
    let equal = 0;
    for (let at = this.#formatting.length - 1; at >= 0 && this.#formatting[at] !== MARKER; at--) {
      if (this.#sources.get(this.#formatting[at]) !== source || ++equal < MAX_EQUAL) continue;
      this.#formatting.splice(at, 1);
      break;
    }
    if (this.#formatting.length >= MAX_FORMATTING) this.#formatting.shift();
    this.#formatting.push(node);
    this.#sources.set(node, source);
  }

  addMarker(): void {
    this.#formatting.push(MARKER);
  }

  clearToMarker(): void {
    while (this.#formatting.length > 0 && this.#formatting.pop() !== MARKER);
  }

  /** Opens formatting elements anew that were left open in what is closed now. */
  reopenFormatting(): void {
    const list = this.#formatting;
    let first = list.length;
    while (first > 0 && list[first - 1] !== MARKER && !this.#open.has(list[first - 1])) first--;
    for (let at = first; at < list.length; at++) {
      const before = list[at];
      const { tags, from, to } = this.#tree;
      const node = this.open(tags[before], from[before], to[before]);
      this.#open.add(node);
      this.#sources.set(node, this.#sources.get(before) ?? "");
      this.#sources.delete(before);
      list[at] = node;
    }
  }

  /** The innermost formatting element of `number` that is on the list, no further than a wall; -1 where none is. */
  lastFormatting(number: number): number {
    for (let at = this.#formatting.length - 1; at >= 0 && this.#formatting[at] !== MARKER; at--)
      if (this.#tree.tags[this.#formatting[at]] === number) return this.#formatting[at];
    return -1;
  }

  /**
   * Ends a formatting element of `number`, wherever its tag stands: where blocks are open in it, they go on behind it, and it goes on in them no more. False where
   * none is on the list: the tag is like any other then.
   */
  endFormatting(number: number): boolean {
    const node = this.lastFormatting(number);
    if (node < 0) return false;
    const position = this.#open.has(node) ? this.#positionOf(node) : -1;
    if (position < 0) {
      this.#forget(node);
      return true;
    }
    for (let at = this.#count - 1; at > position; at--) if (tagIs(this.tagAt(at), Is.scope)) return true;
    this.#forget(node);
    let block = position + 1;
    while (block < this.#count && !tagIs(this.tagAt(block), Is.special)) block++;
    if (block === this.#count) this.popTo(position);
    else this.#moveOut(position, block);
    return true;
  }

  /** Lets what is open from position `block` on stand behind the elements from `position` to there. */
  #moveOut(position: number, block: number): void {
    const { ends, depths, parents, count } = this.#tree;
    const first = this.#nodes[block];
    const up = block - position;
    for (let at = position; at < block; at++) {
      ends[this.#nodes[at]] = first;
      this.#open.delete(this.#nodes[at]);
    }
    parents[first] = this.#nodes[position - 1];
    for (let node = first; node < count; node++) depths[node] -= up;
    this.#nodes.copyWithin(position, block, this.#count);
    this.#count -= up;
  }

  #positionOf(node: number): number {
    for (let at = this.#count - 1; at > 0; at--) if (this.#nodes[at] === node) return at;
    return -1;
  }

  #forget(node: number): void {
    this.#formatting.splice(this.#formatting.lastIndexOf(node), 1);
    this.#sources.delete(node);
  }
}
