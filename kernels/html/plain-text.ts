/**
 * The text of a page: lines for blocks, bullets for lists, blanks collapsed; all of it, or its main content.
 *
 * Owns what a tree reads like. The layout is Resiliparse's, whose output is the reference; where that counts lists wrongly, an empty list and an item outside any, this does
 * not. Invariant: text is in the order of the page; `pre` keeps its blanks. Price: 60 to 80 MB/s of HTML with the tree, one core.
 */

import { HtmlParser } from "./html-parser.ts";
import { isBlank } from "./link-density.ts";
import { MainContent, type MainContentOptions } from "./main-content.ts";
import { Is, TEXT, tag, tagIs, tagSet } from "./tags.ts";
import { type HtmlTree, MAX_NODES } from "./tree.ts";

export { TooManyNodes } from "./tree-builder.ts";

export interface PlainTextOptions extends MainContentOptions {
  /** Only what is main content. */
  readonly main_content: boolean;
  readonly list_bullets: boolean;
  /** The words that stand for pictures. */
  readonly alt_texts: boolean;
}

const SKIPPED = tagSet("script style iframe frame template noscript textarea input button select option label title");
SKIPPED[tag("title")] = 0;
const SKIPPED_MEDIA = tagSet("object video audio embed area svg figcaption figure");
const BIG = tagSet("p h1 h2 h3 h4");
const LISTS = tagSet("ul ol");
const CELLS = tagSet("td th");
/** What the lines in them depend on: these end even where nothing is in them. */
const HAS_STATE = tagSet("ul ol li pre");
const [OL, LI, PRE, BR, IMG, AREA, TR] = ["ol", "li", "pre", "br", "img", "area", "tr"].map(tag);
const BULLET = "\u2022 ";

export class TextExtractor {
  readonly #parser: HtmlParser;
  readonly #options: PlainTextOptions;
  readonly #main: MainContent | undefined;

  /** Of a page with more than `maxNodes` elements and texts, nothing is made. */
  constructor(options: PlainTextOptions, maxNodes = MAX_NODES) {
    this.#options = options;
    this.#parser = new HtmlParser(maxNodes);
    this.#main = options.main_content ? new MainContent(options) : undefined;
  }

  /** The text of the page. Throws {@link TooManyNodes}. */
  extract(html: string): string {
    const tree = this.#parser.parse(html);
    if (tree.count === 0) return "";
    const root = this.#main?.open(tree) ?? 0;
    const layout = new Layout(this.#options.list_bullets);
    this.#walk(tree, root, layout);
    return layout.finish();
  }

  #walk(tree: HtmlTree, root: number, layout: Layout): void {
    const { tags, ends, depths } = tree;
    const open: number[] = [];
    const last = ends[root];
    const base = depths[root];
    for (let node = root; ; ) {
      // Ends of what does not hold the next node.
      for (let inner = open.at(-1); inner !== undefined && ends[inner] <= node; inner = open.at(-1)) {
        open.pop();
        layout.element(tags[inner], depths[inner] - base, true);
      }
      if (node >= last) break;
      const number = tags[node];
      if (!this.#takes(node, number)) {
        node = ends[node];
        continue;
      }
      if (number === TEXT) layout.text(tree.text(node), depths[node] - base);
      else if (tree.isElement(node)) {
        layout.element(number, depths[node] - base, false);
        if ((number === IMG || number === AREA) && this.#options.alt_texts)
          layout.append(tree.attribute(node, "alt") ?? "");
        if (ends[node] > node + 1) open.push(node);
        else if (HAS_STATE[number] === 1) layout.element(number, depths[node] - base, true);
      }
      node++;
    }
  }

  #takes(node: number, number: number): boolean {
    if (SKIPPED[number] === 1) return false;
    if (!this.#options.alt_texts && SKIPPED_MEDIA[number] === 1) return false;
    return this.#main?.has(node) ?? true;
  }
}

/** The text of one page on its way into lines. */
class Layout {
  readonly #bullets: boolean;
  /** The text so far. */
  readonly #out: string[] = [];
  /** Of the line that is being gathered. */
  #hasLine = false;
  #pieces: string[] = [];
  #tag = 0;
  /** Whether the line is a cell that is not the first of its row. */
  #isNextCell = false;
  #hasCell = false;
  #depth = 0;
  #isBlock = false;
  #isBreak = false;
  #isPre = 0;
  /** Lines to be left before the next text. */
  #margin = 0;
  /** Numbers of the lists that are open; 0 where a list has none. */
  readonly #lists: number[] = [];
  #prefix = "";
  #hasBullet = false;

  constructor(bullets: boolean) {
    this.#bullets = bullets;
  }

  /** An element begins or ends. */
  element(number: number, depth: number, isEnd: boolean): void {
    const isBlock = tagIs(number, Is.block);
    const isCell = CELLS[number] === 1 && !isEnd;
    if (isBlock || isCell || !this.#hasLine || depth < this.#depth) this.#begin(number, depth, isBlock);
    if (number === TR) this.#hasCell = false;
    if (isCell) {
      this.#isNextCell = this.#hasCell;
      this.#hasCell = true;
    }
    if (number === PRE) this.#isPre = Math.max(0, this.#isPre + (isEnd ? -1 : 1));
    if (number === BR) this.#isBreak = true;
    if (LISTS[number] === 1) this.#list(number, isEnd);
    else if (number === LI && this.#bullets) this.#item(isEnd);
  }

  text(text: string, depth: number): void {
    if (!this.#hasLine || depth < this.#depth) this.#begin(TEXT, depth, false);
    this.append(text);
  }

  append(text: string): void {
    if (text !== "") this.#pieces.push(text);
  }

  finish(): string {
    this.#end();
    this.#trimEnd();
    return this.#out.join("");
  }

  #begin(number: number, depth: number, isBlock: boolean): void {
    this.#end();
    this.#hasLine = true;
    this.#tag = number;
    this.#depth = depth;
    this.#isBlock = isBlock;
    this.#isBreak = false;
    this.#isNextCell = false;
  }

  #list(number: number, isEnd: boolean): void {
    if (!isEnd) {
      this.#lists.push(number === OL ? 1 : 0);
      return;
    }
    this.#lists.pop();
    this.#hasBullet = false;
    this.#prefix = "";
  }

  #item(isEnd: boolean): void {
    const at = this.#lists.length - 1;
    this.#hasBullet = !isEnd;
    this.#prefix = "";
    if (isEnd) return;
    const number = at < 0 ? 0 : this.#lists[at];
    this.#prefix = number === 0 ? BULLET : `${number}. `;
    if (number > 0) this.#lists[at]++;
  }

  /** Puts the line that was gathered behind the text. */
  #end(): void {
    if (!this.#hasLine) return;
    if (this.#isBlock) {
      const lines = BIG[this.#tag] === 1 && this.#isPre === 0 ? 2 : 1;
      this.#margin = this.#isBreak ? this.#margin + 1 : Math.max(this.#margin, lines);
    }
    if (this.#pieces.length === 0) return;
    let text = this.#pieces.length === 1 ? this.#pieces[0] : this.#pieces.join("");
    this.#pieces = [];
    if (this.#isPre === 0) {
      text = text.replace(/[ \t-\r]+/g, " ");
      if ((this.#isBlock || this.#isNextCell || this.#endsInBlank()) && text.startsWith(" ")) text = text.slice(1);
    }
    if (text === "") return;
    this.#leaveMargin();
    const level = this.#lists.length;
    if (this.#isNextCell && this.#out.length > 0) {
      if (this.#out[this.#out.length - 1].endsWith(" ")) this.#trimEnd();
      this.#out.push("\t\t");
      this.#isNextCell = false;
    } else if (level > 0) {
      this.#out.push("  ".repeat(level + (this.#bullets && !this.#hasBullet ? 1 : 0)));
    }
    this.#hasBullet = false;
    if (this.#prefix !== "") this.#out.push(this.#prefix);
    this.#prefix = "";
    this.#out.push(text);
  }

  #leaveMargin(): void {
    if (this.#margin === 0) return;
    if (this.#isPre === 0) this.#trimEnd();
    if (this.#out.length > 0) this.#out.push("\n".repeat(this.#margin));
    this.#margin = 0;
  }

  #endsInBlank(): boolean {
    const last = this.#out.at(-1);
    return last !== undefined && isBlank(last.charCodeAt(last.length - 1));
  }

  #trimEnd(): void {
    for (let last = this.#out.pop(); last !== undefined; last = this.#out.pop()) {
      let end = last.length;
      while (end > 0 && isBlank(last.charCodeAt(end - 1))) end--;
      if (end === 0) continue;
      this.#out.push(end < last.length ? last.slice(0, end) : last);
      return;
    }
  }
}
