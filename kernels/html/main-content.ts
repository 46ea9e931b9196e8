/**
 * Whether an element is main content, by its tag, its attributes, its class names and how much of it is links.
 *
 * Owns the rules; they are Resiliparse's (`extract_plain_text` with `main_content`), so that what the reference keeps is kept. Invariant: an element is judged by
 * itself, by what is in it and by how deep it stands; whoever walks the page leaves out all that is in one that is none. Price: 0.2 µs an element.
 */
import { ClassRules } from "./class-rules.ts";
import { LinkDensity } from "./link-density.ts";
import { Is, TEXT, tag, tagIs, tagSet } from "./tags.ts";
import type { HtmlTree } from "./tree.ts";

export interface MainContentOptions {
  /** Keep comments of readers. */
  readonly comments: boolean;
  /** Keep what posts say of themselves: author, date, labels. */
  readonly post_meta: boolean;
}

const ALWAYS = tagSet("body main h1");
const NEVER = tagSet("nav aside audio video time");
const SKIP_LINKS = tagSet("a div li");
const [FOOTER, UL, ARTICLE, DIV, TD, BODY] = ["footer", "ul", "article", "div", "td", "body"].map(tag);
const RELATIONS = new Set(["author", "icon", "search", "prev", "next", "tag"]);
const PROPERTIES = new Set(["datePublished", "author", "url"]);
const ROLES = new Set(
  "alert banner checkbox comment complementary contentinfo dialog img menu menubar menuitem navigation presentation radio search searchbox separator tab toolbar tooltip".split(
    " ",
  ),
);
/** Classes of the element that holds the article, where a page has one of them once. */
const CONTENT_CLASSES = new Set(
  "article-body articleBody contentBody article-text main-content postcontent post-content single-post".split(" "),
);

export class MainContent {
  readonly #rules = new ClassRules();
  readonly #links = new LinkDensity();
  readonly #options: MainContentOptions;
  #tree: HtmlTree | undefined;

  constructor(options: MainContentOptions) {
    this.#options = options;
  }

  /** Looks at a page. Returns where its article is: the one element that says so, else the body. */
  open(tree: HtmlTree): number {
    this.#tree = tree;
    this.#links.measure(tree);
    let found = 0;
    for (let node = 1; node < tree.count; node++) {
      if (!tree.isElement(node) || !tree.hasAttributes(node) || !isContentRoot(tree, node)) continue;
      if (found > 0) return 0;
      found = node;
    }
    return found;
  }

  has(node: number): boolean {
    const tree = this.#tree;
    if (tree === undefined) return false;
    const number = tree.tags[node];
    if (number === TEXT) return !isIcon(tree.text(node));
    if (!tree.isElement(node) || ALWAYS[number] === 1) return true;
    if (number === FOOTER) return this.#isFooterOfArticle(tree, node);
    return (
      NEVER[number] !== 1 &&
      this.#isByTag(tree, node, number) &&
      this.#isByAttributes(tree, node) &&
      this.#isByNames(tree, node, number)
    );
  }

  #isByTag(tree: HtmlTree, node: number, number: number): boolean {
    const depth = tree.depths[node];
    if (number === UL) return depth >= 4 && !this.#links.isLinks(node, 0.2);
    if (number === ARTICLE) return depth <= 2 || !this.#links.isLinks(node, 0.2, 500);
    return true;
  }

  /** Whatever its names say. */
  #isFooterOfArticle(tree: HtmlTree, node: number): boolean {
    return tree.depths[node] >= 3 && !this.#links.isLinks(node, 0.2) && !isLast(tree, node);
  }

  #isByAttributes(tree: HtmlTree, node: number): boolean {
    if (!tree.hasAttributes(node)) return true;
    if (tree.attribute(node, "hidden") !== undefined) return false;
    if (RELATIONS.has(trimmed(tree.attribute(node, "rel")))) return false;
    if (PROPERTIES.has(trimmed(tree.attribute(node, "itemprop")))) return false;
    if (trimmed(tree.attribute(node, "aria-hidden")) === "true") return false;
    return trimmed(tree.attribute(node, "aria-expanded")) !== "false";
  }

  #isByNames(tree: HtmlTree, node: number, number: number): boolean {
    const rules = this.#rules;
    const style = tree.attribute(node, "style") ?? "";
    if (style !== "" && rules.matches(style, "hiddenStyle")) return false;
    const depth = tree.depths[node];
    const classes = tree.attribute(node, "class") ?? "";
    const id = tree.attribute(node, "id") ?? "";
    if (classes === "" && id === "") return number !== DIV || depth <= 5 || !this.#links.isLinks(node, 0.6, 800);
    const names = classes === "" || id === "" ? classes + id : `${classes} ${id}`;
    const ofClass = (rule: Parameters<ClassRules["matches"]>[1]): boolean =>
      classes !== "" && rules.matches(classes, rule);
    if (ofClass("hidden")) return false;
    if (SKIP_LINKS[number] === 1 && rules.matches(names, "skipLink")) return false;
    if (depth > 2) {
      if (ofClass("signIn") || ofClass("social")) return false;
      if (!this.#options.post_meta && ofClass("postMeta")) return false;
    }
    if (rules.matches(names, "logo") || rules.matches(names, "advertisement") || isAdvertisement(tree, node))
      return false;
    if (ofClass("junk")) return false;
    if (!tagIs(number, Is.block) && number !== TD) return true;
    return this.#isBlockByNames(tree, node, number, names, id);
  }

  #isBlockByNames(tree: HtmlTree, node: number, number: number, names: string, id: string): boolean {
    const rules = this.#rules;
    if (trimmed(tree.attribute(node, "rel")) === "main") return true;
    if (ROLES.has(trimmed(tree.attribute(node, "role")))) return false;
    if (rules.matches(names, "article")) return true;
    if (id !== "" && rules.matches(id, "landmark")) return false;
    if (!this.#options.comments && rules.matches(names, "comments")) return false;
    for (const rule of BLOCK_RULES) if (rules.matches(names, rule)) return false;
    return number !== DIV || tree.depths[node] <= 2 || !this.#links.isLinks(node, 0.6, 1500);
  }
}

const BLOCK_RULES = [
  "header",
  "footer",
  "navigation",
  "recommended",
  "search",
  "sidebar",
  "modal",
  "gallery",
  "print",
] as const;

function trimmed(value: string | undefined): string {
  return value === undefined ? "" : value.trim();
}

function isContentRoot(tree: HtmlTree, node: number): boolean {
  if (tree.attribute(node, "role") === "main") return true;
  return (tree.attribute(node, "class") ?? "").split(/\s+/).some((name) => CONTENT_CLASSES.has(name));
}

function isAdvertisement(tree: HtmlTree, node: number): boolean {
  return (["data-ad", "data-advertisement", "data-text-ad"] as const).some(
    (name) => tree.attribute(node, name) !== undefined,
  );
}

/** Whether nothing but text follows the element, up to a child of the body. */
function isLast(tree: HtmlTree, from: number): boolean {
  for (let node = from; node > 0 && tree.tags[tree.parents[node]] !== BODY; node = tree.parents[node]) {
    let last = node;
    const next = tree.next(last);
    if (next >= 0 && tree.tags[next] === TEXT) last = next;
    if (tree.next(last) >= 0) return false;
  }
  return true;
}

/** A text of one character that is a picture: of the private use area, which icon fonts take, or a pilcrow, which stands for a link. */
function isIcon(text: string): boolean {
  if (text.length > 64) return false;
  const bare = text.trim();
  if (bare === "\u00b6") return true;
  const code = bare.charCodeAt(0);
  return bare.length === 1 && code >= 0xe000 && code <= 0xf8ff;
}
