/**
 * Builds the tree of a page from its tags, as browsers do: what is left open is closed, what is left out is there.
 *
 * Owns the rules of tree construction (HTML Standard, 13.2.6) that a text can depend on. Left out: content that stands in a table outside its cells stays where
 * it is. Invariant: whatever the page, no tag costs more than a walk over the open elements, of which there are few. Price: half of what the tokenizer costs.
 */
import { OpenElements } from "./open-elements.ts";
import { COMMENT, Is, TEXT, tagIs, tagNumbers, tagSet } from "./tags.ts";
import type { HtmlTree } from "./tree.ts";

/** The page has more nodes than are taken. */
export class TooManyNodes extends Error {}

/** A start tag. */
export interface StartTag {
  readonly number: number;
  readonly isSelfClosing: boolean;
  /** The tag as it is written, without its brackets: where it is in the page. */
  readonly from: number;
  readonly to: number;
  /** Its first attribute in the tree; it has all from there on. */
  readonly attributes: number;
}

/** The elements that have rules of their own. */
const T = tagNumbers(
  "a address body br button caption col colgroup dd div dt form frame frameset head hr html li listing math nobr optgroup option p pre select svg table tbody td template textarea th tr",
);
const LIST_WALLS = tagSet("ol ul");
const BUTTON_WALLS = tagSet("button");
const TABLE_WALLS = tagSet("html table template body");
const CELLS = tagSet("td th caption");
const ROW_PARENTS = tagSet("tbody tfoot thead table");
const TABLE_TAGS = tagSet("caption col colgroup tbody td tfoot th thead tr");
/** Elements of foreign content in which HTML goes on. */
const INTEGRATION = tagSet("foreignobject desc title mi mo mn ms mtext");

const isIn = (set: Uint8Array, number: number): boolean => set[number] === 1;
const isSpace = (code: number): boolean =>
  code === 0x20 || code === 0x0a || code === 0x09 || code === 0x0d || code === 0x0c;

export class TreeBuilder {
  readonly #tree: HtmlTree;
  readonly #stack: OpenElements;
  /** Whether the body has begun, templates that are open, and a head's element whose text is passed over. */
  #hasBody = false;
  #templates = 0;
  #headText = 0;
  #isQuirky = true;
  /** Behind a tag after which a line end is none. */
  #dropsNewline = false;
  /** Elements of SVG and MathML that are open, by node. */
  readonly #foreign = new Set<number>();
  #firstAttribute = 0;

  readonly #maxNodes: number;

  constructor(tree: HtmlTree, maxNodes: number) {
    this.#tree = tree;
    this.#maxNodes = maxNodes;
    this.#stack = new OpenElements(tree);
  }

  /** Begins a page: `html` is all of it. */
  reset(html: string): void {
    this.#tree.reset(html);
    this.#stack.reset();
    this.#foreign.clear();
    this.#hasBody = false;
    this.#templates = 0;
    this.#headText = 0;
    this.#isQuirky = true;
    this.#dropsNewline = false;
  }

  finish(): void {
    this.#stack.finish();
  }

  /** Whether what comes next is of SVG or MathML. */
  get isForeign(): boolean {
    return this.#foreign.size > 0 && this.#foreign.has(this.#stack.top) && !isIn(INTEGRATION, this.#stack.topTag);
  }

  doctype(): void {
    if (!this.#hasBody) this.#isQuirky = false;
  }

  comment(from: number, to: number): void {
    if (this.#hasBody && this.#templates === 0) this.#count(this.#stack.add(COMMENT, from, to));
  }

  text(from: number, to: number): void {
    if (this.#templates > 0 || this.#headText > 0) return;
    let start = from;
    if (this.#dropsNewline) {
      this.#dropsNewline = false;
      const { html } = this.#tree;
      if (html.charCodeAt(start) === 0x0d && html.charCodeAt(start + 1) === 0x0a) start += 2;
      else if (html.charCodeAt(start) === 0x0a || html.charCodeAt(start) === 0x0d) start++;
    }
    if (!this.#hasBody) {
      while (start < to && isSpace(this.#tree.html.charCodeAt(start))) start++;
      if (start < to) this.#openBody();
    }
    if (start >= to) return;
    if (!tagIs(this.#stack.topTag, Is.tablePart | Is.raw)) this.#stack.reopenFormatting();
    this.#count(this.#stack.add(TEXT, start, to));
  }

  #count(node: number): void {
    if (node >= this.#maxNodes) throw new TooManyNodes();
  }

  #openBody(): void {
    this.#hasBody = true;
    this.#stack.open(T.body, 0, 0);
  }

  #insert(number: number): void {
    this.#count(this.#stack.open(number, this.#firstAttribute, this.#tree.attributes));
  }

  #insertVoid(number: number): void {
    this.#count(this.#stack.add(number, this.#firstAttribute, this.#tree.attributes));
  }

  /** Opens an element that the page has left out. */
  #imply(number: number): void {
    this.#count(this.#stack.open(number, 0, 0));
  }

  start(tag: StartTag): void {
    const { number } = tag;
    this.#dropsNewline = false;
    this.#firstAttribute = tag.attributes;
    if (this.#templates > 0) {
      if (number === T.template) this.#templates++;
      return;
    }
    if (!this.#hasBody && !this.#leavesHead(number)) return;
    if (this.isForeign && this.#startForeign(tag)) return;
    if (number === T.template) {
      this.#templates = 1;
    } else if (isIn(TABLE_TAGS, number)) {
      this.#startTablePart(number);
    } else if (
      number !== T.html &&
      number !== T.head &&
      number !== T.body &&
      number !== T.frame &&
      number !== T.frameset
    ) {
      this.#startInBody(tag);
    }
  }

  /** Whether a tag before the body is one of the body. */
  #leavesHead(number: number): boolean {
    if (number === T.html || number === T.head || number === T.frameset || number === T.frame) return false;
    if (number === T.body) {
      this.#openBody();
      return false;
    }
    if (tagIs(number, Is.head)) {
      if (number === T.template) this.#templates = 1;
      else if (tagIs(number, Is.raw)) this.#headText = number;
      return false;
    }
    this.#openBody();
    return true;
  }

  #startInBody({ number, isSelfClosing, from, to }: StartTag): void {
    const stack = this.#stack;
    const closesParagraph = tagIs(number, Is.closesParagraph) || (number === T.table && !this.#isQuirky);
    if (closesParagraph) this.#closeParagraph();
    if (tagIs(number, Is.heading)) {
      if (tagIs(stack.topTag, Is.heading)) stack.popTo(stack.depth - 1);
    } else if (number === T.li || number === T.dd || number === T.dt) {
      this.#closeItem(number);
    } else if (number === T.option || number === T.optgroup) {
      if (stack.topTag === T.option) stack.popTo(stack.depth - 1);
      if (number === T.optgroup && stack.topTag === T.optgroup) stack.popTo(stack.depth - 1);
    } else if (number === T.button || number === T.nobr || number === T.select) {
      const open = stack.find(number);
      if (open >= 0) stack.popTo(open);
    } else if (number === T.a) {
      if (stack.lastFormatting(T.a) >= 0) stack.endFormatting(T.a);
    } else if (number === T.table) {
      // T.a table in a table outside its cells ends that.
      const outer = tagIs(stack.topTag, Is.tablePart) ? this.#tableAround() : -1;
      if (outer >= 0) stack.popTo(outer);
    } else if (number === T.form) {
      if (stack.findWithin((each) => each === T.form, TABLE_WALLS) >= 0) return;
      if (tagIs(stack.topTag, Is.tablePart)) {
        this.#insertVoid(T.form);
        return;
      }
    }
    if (tagIs(number, Is.formatting)) {
      stack.reopenFormatting();
      stack.openFormatting(number, this.#firstAttribute, this.#tree.attributes, this.#tree.html.slice(from, to));
      this.#count(this.#tree.count);
      return;
    }
    if (tagIs(number, Is.void)) {
      if (number !== T.hr && !tagIs(number, Is.head)) stack.reopenFormatting();
      this.#insertVoid(number);
      return;
    }
    if (!tagIs(number, Is.special) || number === T.button) stack.reopenFormatting();
    const isForeign = number === T.svg || number === T.math;
    if (isForeign && isSelfClosing) {
      this.#insertVoid(number);
      return;
    }
    this.#insert(number);
    if (isForeign) this.#foreign.add(stack.top);
    if (tagIs(number, Is.marker)) stack.addMarker();
    this.#dropsNewline = number === T.pre || number === T.textarea || number === T.listing;
  }

  /** True where the tag was one of foreign content; false where it has ended that. */
  #startForeign({ number, isSelfClosing }: StartTag): boolean {
    if (tagIs(number, Is.endsForeign)) {
      while (this.isForeign) this.#stack.popTo(this.#stack.depth - 1);
      return false;
    }
    if (isSelfClosing) this.#insertVoid(number);
    else {
      this.#insert(number);
      this.#foreign.add(this.#stack.top);
    }
    return true;
  }

  #startTablePart(number: number): void {
    const stack = this.#stack;
    const table = this.#tableAround();
    if (table < 0) return;
    const cell = stack.findWithin((each) => isIn(CELLS, each), TABLE_WALLS);
    if (cell > table) {
      stack.popTo(cell);
      stack.clearToMarker();
    }
    if (number === T.col) {
      stack.popTo(stack.topTag === T.colgroup ? stack.depth : table + 1);
      this.#insertVoid(T.col);
      return;
    }
    const isCell = number === T.td || number === T.th;
    if (number === T.tr || isCell) {
      const row = isCell ? stack.findWithin((each) => each === T.tr, TABLE_WALLS) : -1;
      const section = stack.findWithin((each) => isIn(ROW_PARENTS, each), TABLE_WALLS);
      if (row > table) stack.popTo(row + 1);
      else {
        stack.popTo(Math.max(section, table) + 1);
        if (stack.topTag === T.table) this.#imply(T.tbody);
        if (isCell) this.#imply(T.tr);
      }
    } else stack.popTo(table + 1);
    this.#insert(number);
    if (isCell || number === T.caption) stack.addMarker();
  }

  /** Position of the table that the innermost element is in, -1 where it is in none. */
  #tableAround(): number {
    return this.#stack.findWithin((each) => each === T.table, TABLE_WALLS);
  }

  end(number: number): void {
    this.#dropsNewline = false;
    if (number === T.template) {
      if (this.#templates > 0) this.#templates--;
      return;
    }
    if (this.#templates > 0) return;
    if (this.#headText === number) {
      this.#headText = 0;
      return;
    }
    if (!this.#hasBody || number === T.body || number === T.html || number === T.head) return;
    const stack = this.#stack;
    if (number === T.p) {
      if (stack.find(T.p, BUTTON_WALLS) < 0) this.#imply(T.p);
      this.#closeParagraph();
    } else if (number === T.br) {
      this.#firstAttribute = this.#tree.attributes;
      this.#insertVoid(T.br);
    } else if (number === T.li) this.#close(stack.find(T.li, LIST_WALLS));
    else if (number === T.dd || number === T.dt) this.#close(stack.find(number));
    else if (tagIs(number, Is.heading)) this.#closeHeading();
    else if (tagIs(number, Is.formatting) && stack.endFormatting(number)) return;
    else if (isIn(TABLE_TAGS, number) || number === T.table) this.#endTablePart(number);
    else if (tagIs(number, Is.closesLike)) {
      this.#close(stack.find(number));
      if (tagIs(number, Is.marker)) stack.clearToMarker();
    } else this.#endAny(number);
  }

  /** The end tag of an element that nothing else is known of. */
  #endAny(number: number): void {
    const stack = this.#stack;
    for (let at = stack.depth - 1; at > 0; at--) {
      const each = stack.tagAt(at);
      if (each === number) stack.popTo(at);
      if (each === number || tagIs(each, Is.special)) return;
    }
  }

  #endTablePart(number: number): void {
    const stack = this.#stack;
    const open = stack.findWithin((each) => each === number, TABLE_WALLS);
    if (open <= 0) return;
    const cell = stack.findWithin((each) => isIn(CELLS, each), TABLE_WALLS);
    stack.popTo(open);
    if (cell >= open) stack.clearToMarker();
  }

  #close(position: number): void {
    if (position > 0) this.#stack.popTo(position);
  }

  #closeParagraph(): void {
    const open = this.#stack.find(T.p, BUTTON_WALLS);
    if (open > 0) this.#stack.popTo(open);
  }

  #closeHeading(): void {
    const stack = this.#stack;
    for (let at = stack.depth - 1; at > 0; at--) {
      const each = stack.tagAt(at);
      if (tagIs(each, Is.heading)) stack.popTo(at);
      if (tagIs(each, Is.heading | Is.scope)) return;
    }
  }

  /** Closes the item of a list that is open before `number` begins the next. */
  #closeItem(number: number): void {
    const stack = this.#stack;
    for (let at = stack.depth - 1; at > 0; at--) {
      const each = stack.tagAt(at);
      if (each === number || (number !== T.li && (each === T.dd || each === T.dt))) {
        stack.popTo(at);
        break;
      }
      if (tagIs(each, Is.special) && each !== T.address && each !== T.div && each !== T.p) break;
    }
    this.#closeParagraph();
  }
}
