/**
 * A page as a flat tree: its nodes in the order of the page, each with the end of what is in it.
 *
 * Invariants: the nodes below node n are those from n + 1 to its end; node 0 is the body; texts and attributes are places in the page's own characters, decoded
 * when they are asked for. Memory: 18 bytes a node and 9 an attribute that matters, kept for the next page.
 */
import { decodeHTML, decodeHTMLAttribute } from "entities";
import { COMMENT, Is, TEXT, tag, tagIs } from "./tags.ts";

/** Attributes that anything is told by; others are passed over. */
const ATTRIBUTES = [
  "class",
  "id",
  "style",
  "rel",
  "itemprop",
  "role",
  "aria-hidden",
  "aria-expanded",
  "hidden",
  "data-ad",
  "data-advertisement",
  "data-text-ad",
  "alt",
] as const;
export type AttributeName = (typeof ATTRIBUTES)[number];

const ATTRIBUTE_NUMBERS: ReadonlyMap<string, number> = new Map(ATTRIBUTES.map((name, i) => [name, i]));

/** More nodes than any page has that people read: what is larger is refused. */
export const MAX_NODES = 2_000_000;

const AMPERSAND = 0x26;
const TEXTAREA = tag("textarea");
const TITLE = tag("title");

export class HtmlTree {
  html = "";
  count = 0;
  tags = new Uint16Array(1 << 12);
  parents = new Int32Array(1 << 12);
  /** Behind the last node that is in it. */
  ends = new Int32Array(1 << 12);
  depths = new Int16Array(1 << 12);
  /** Of a text: where it begins and ends in the page. Of an element: its first attribute, and behind its last. */
  from = new Int32Array(1 << 12);
  to = new Int32Array(1 << 12);
  #attributes = 0;
  #attributeNames = new Uint8Array(1 << 10);
  #attributeFrom = new Int32Array(1 << 10);
  #attributeTo = new Int32Array(1 << 10);

  reset(html: string): void {
    this.html = html;
    this.count = 0;
    this.#attributes = 0;
  }

  /** Adds a node. Its parent's end is set when that is closed. */
  add(number: number, parent: number, depth: number, from: number, to: number): number {
    if (this.count === this.tags.length) this.#grow();
    const node = this.count++;
    this.tags[node] = number;
    this.parents[node] = parent;
    this.ends[node] = node + 1;
    this.depths[node] = depth;
    this.from[node] = from;
    this.to[node] = to;
    return node;
  }

  get attributes(): number {
    return this.#attributes;
  }

  /** Keeps the attribute whose name is at `[from, to)`, where it matters; true if it does. */
  addAttribute(from: number, to: number): boolean {
    const length = to - from;
    if (length < 2 || length > 18) return false;
    const number = ATTRIBUTE_NUMBERS.get(this.html.slice(from, to).toLowerCase());
    if (number === undefined) return false;
    if (this.#attributes === this.#attributeNames.length) {
      this.#attributeNames = grown(this.#attributeNames, Uint8Array);
      this.#attributeFrom = grown(this.#attributeFrom, Int32Array);
      this.#attributeTo = grown(this.#attributeTo, Int32Array);
    }
    const at = this.#attributes++;
    this.#attributeNames[at] = number;
    this.#attributeFrom[at] = to;
    this.#attributeTo[at] = to;
    return true;
  }

  /** Gives the attribute that was added last its value. */
  setValue(from: number, to: number): void {
    this.#attributeFrom[this.#attributes - 1] = from;
    this.#attributeTo[this.#attributes - 1] = to;
  }

  /** The value of the element's attribute; undefined where it has none. Of equal ones the first. */
  attribute(node: number, name: AttributeName): string | undefined {
    const end = this.to[node];
    let at = this.from[node];
    if (at === end) return undefined;
    const number = ATTRIBUTES.indexOf(name);
    while (at < end && this.#attributeNames[at] !== number) at++;
    if (at === end) return undefined;
    const value = this.html.slice(this.#attributeFrom[at], this.#attributeTo[at]);
    return value.includes("&") ? decodeHTMLAttribute(value) : value;
  }

  hasAttributes(node: number): boolean {
    return this.from[node] < this.to[node];
  }

  /** The characters of a text. */
  text(node: number): string {
    const text = this.html.slice(this.from[node], this.to[node]);
    if (!text.includes("&")) return text;
    const parent = this.tags[this.parents[node]];
    const isRaw = tagIs(parent, Is.raw) && parent !== TEXTAREA && parent !== TITLE;
    return isRaw ? text : decodeHTML(text);
  }

  /** Whether a text may have characters that are written as references. */
  hasReference(node: number): boolean {
    const to = this.to[node];
    for (let at = this.from[node]; at < to; at++) if (this.html.charCodeAt(at) === AMPERSAND) return true;
    return false;
  }

  isElement(node: number): boolean {
    const number = this.tags[node];
    return number !== TEXT && number !== COMMENT;
  }

  /** The node behind `node` under the same parent; -1 where there is none. */
  next(node: number): number {
    const next = this.ends[node];
    return node !== 0 && next < this.ends[this.parents[node]] ? next : -1;
  }

  #grow(): void {
    this.tags = grown(this.tags, Uint16Array);
    this.parents = grown(this.parents, Int32Array);
    this.ends = grown(this.ends, Int32Array);
    this.depths = grown(this.depths, Int16Array);
    this.from = grown(this.from, Int32Array);
    this.to = grown(this.to, Int32Array);
  }
}

function grown<Values extends Uint8Array | Uint16Array | Int16Array | Int32Array>(
  values: Values,
  kind: new (length: number) => Values,
): Values {
  const larger = new kind(values.length * 2);
  larger.set(values);
  return larger;
}
