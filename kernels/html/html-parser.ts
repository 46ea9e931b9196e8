/**
 * Reads a page into a tree: htmlparser2's tokenizer in front of {@link TreeBuilder}.
 *
 * Owns what of a tag is kept. Invariant: any string is a page. Price: 80 to 100 MB/s, one core.
 */
import { type QuoteType, Tokenizer, type TokenizerCallbacks } from "htmlparser2";
import { FIRST_UNKNOWN, tagNumber } from "./tags.ts";
import { HtmlTree } from "./tree.ts";
import { TreeBuilder } from "./tree-builder.ts";

/** The largest number that a tree has room for. */
const LAST_UNKNOWN = 0xffff;

export class HtmlParser implements TokenizerCallbacks {
  readonly #tree = new HtmlTree();
  readonly #builder: TreeBuilder;
  // Characters are decoded when they are asked for.
  readonly #tokenizer = new Tokenizer({ decodeEntities: false }, this);
  /** Names that no list has, of this page. */
  readonly #unknown = new Map<string, number>();
  #number = 0;
  #from = 0;
  #attributes = 0;
  #isKept = false;
  #valueFrom = -1;
  #valueTo = -1;

  constructor(maxNodes: number) {
    this.#builder = new TreeBuilder(this.#tree, maxNodes);
  }

  /** The tree of `html`, good until the next page. Throws {@link TooManyNodes}. */
  parse(html: string): HtmlTree {
    this.#unknown.clear();
    this.#builder.reset(html);
    this.#tokenizer.reset();
    this.#tokenizer.write(html);
    this.#tokenizer.end();
    this.#builder.finish();
    return this.#tree;
  }

  isInForeignContext(): boolean {
    return this.#builder.isForeign;
  }

  onopentagname(from: number, to: number): void {
    this.#number = this.#numberOf(from, to);
    this.#from = from;
    this.#attributes = this.#tree.attributes;
  }

  onattribname(from: number, to: number): void {
    this.#isKept = this.#tree.addAttribute(from, to);
    this.#valueFrom = -1;
  }

  onattribdata(from: number, to: number): void {
    if (this.#valueFrom < 0) this.#valueFrom = from;
    this.#valueTo = to;
  }

  onattribend(_quote: QuoteType, _end: number): void {
    if (this.#isKept && this.#valueFrom >= 0) this.#tree.setValue(this.#valueFrom, this.#valueTo);
  }

  onopentagend(end: number): void {
    this.#start(end, false);
  }

  onselfclosingtag(end: number): void {
    this.#start(end, true);
  }

  onclosetag(from: number, to: number): void {
    this.#builder.end(this.#numberOf(from, to));
  }

  ontext(from: number, to: number): void {
    this.#builder.text(from, to);
  }

  oncomment(from: number, to: number): void {
    this.#builder.comment(from, to);
  }

  oncdata(from: number, to: number, endOffset: number): void {
    if (this.#builder.isForeign) this.#builder.text(from, to - endOffset);
    else this.#builder.comment(from, to);
  }

  ondeclaration(): void {
    this.#builder.doctype();
  }

  onprocessinginstruction(): void {}
  onattribentity(): void {}
  ontextentity(): void {}
  onend(): void {}

  #start(to: number, isSelfClosing: boolean): void {
    this.#builder.start({ number: this.#number, isSelfClosing, from: this.#from, to, attributes: this.#attributes });
  }

  #numberOf(from: number, to: number): number {
    const name = this.#tree.html.slice(from, to).toLowerCase();
    const known = tagNumber(name === "image" ? "img" : name) ?? this.#unknown.get(name);
    if (known !== undefined) return known;
    const number = Math.min(LAST_UNKNOWN, FIRST_UNKNOWN + this.#unknown.size);
    this.#unknown.set(name, number);
    return number;
  }
}
