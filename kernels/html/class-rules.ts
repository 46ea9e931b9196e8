/**
 * What class names and ids say an element is: navigation, advertisement, comments.
 *
 * Owns the words. They are those by which Resiliparse 2.0 tells main content from the rest, and where in a name each may begin and end is as there: a page that it
 * cuts is cut alike. Invariant: every rule is linear in the name. Price: some tens of nanoseconds a rule and name; names that pages repeat are looked at once.
 */

/** Where a name begins and ends, or a part of one between blanks, `-` and `_`. */
const NAME = "(?:^|\\s)";
const NAME_END = "(?:$|\\s)";
const PART = "(?:^|[\\s_-])";
const PART_END = "(?:$|[\\s_-])";

/** One of `words`; a `~` in them is `-`, `_` or nothing. */
function any(words: string): string {
  return `(?:${words.split(" ").join("|").replaceAll("~", "[_-]?")})`;
}

/** One of `words` may stand before, whatever joins it. */
function maybe(words: string): string {
  return `(?:${any(words)}[_-]*)?`;
}

const SOURCES = {
  article: `${PART}${any("article entry post story single~post main-content main_content content body text page")}${PART_END}`,
  navigation: `${NAME}${maybe("l m wp main site page sub article global sticky")}(?:${any(
    "nav navigation navbar",
  )}(?:[_-]${any("bar menu container wrapper")})?|menu(?:[_-]item)?|${any(
    "drop~down bread~crumb bread~crumbs",
  )}|links?[_-]?${any("bar box list container section wrapper")})${NAME_END}`,
  recommended: `${PART}(?:${any(
    "trends trending recommended featured popular related read-next",
  )}|editors?[_-]picks|related[_-]?${any("links articles posts guides stories")})${PART_END}`,
  landmark: `^${maybe("l wp global page site full sticky")}${any("head header foot footer right")}$`,
  header: `${NAME}${any("l m wp global page site full sticky")}[_-]*header(?:[_-]?wrap(?:per)?|bar)?${NAME_END}`,
  footer: `${NAME}(?:${any("global page site")}[_-]?)?${any("footer copyright cookie consent legal fcontainer")}(?:[_-]${any(
    "wrap wrapper container banner notice bar consent",
  )})?${NAME_END}`,
  postMeta: `${PART}(?:${any("post entry article articlepage content story section")}[_-]*(?:text[_-]*)?${any(
    "footer teaser meta subline sidebar author published timestamp date posted~on info label tag keywords category",
  )}|by[_-]?line|date[_-]?line|author-date|submitted)|meta[_-]?data${PART_END}`,
  sidebar: `${NAME}${maybe("l wp global sticky")}(?:${any("side sticky")}[_-]?${any("bar bars box")}|one-third)${NAME_END}`,
  search: `${NAME}search(?:[_-]?${any("bar facility box")})?${NAME_END}`,
  skipLink: `${NAME}(?:link[_-]?)?${any(
    "skip~to skip~link skip scroll~up scroll~down next previous prev permalink pagination skip-to-main-content skip-to-content",
  )}(?:$|\\s|[_-]?${any("post article")})`,
  hidden: `${NAME}(?:${any("is visually")}[_-])?${any(
    "display-none hidden invisible collapsed h-0 nocontent expandable",
  )}(?:-xs|-sm|-lg|-2?xl)?${NAME_END}`,
  hiddenStyle: "(?:^|;\\s*)(?:display\\s?:\\s?none|visibility\\s?:\\s?hidden)(?:$|\\s?;)",
  modal: `${NAME}(?:wp-|p-|-l)?${any("modal popup lightbox")}(?:[_-]*${any("window pane box")})?${NAME_END}`,
  gallery: `${NAME}${any("gallery carousel")}${NAME_END}`,
  signIn: `${PART}(?:${any("log~in sign~in sign~up account")}|user[_-]${any("info profile settings actions")})${PART_END}`,
  advertisement: `${NAME}(?:${any("google wide")}[_-]?ads?|ad(?:vert|vertise(?:ment|link)?|$|_[a-f0-9]+)|${any(
    "sponsor sponsored promoted paid banner widebanner donate",
  )})${PART_END}`,
  social: `(?:^|\\s|__|--|mobile-|desktop-|l-|m-|c-)(?:${any(
    "social socialmedia socialsearch share sharedaddy syndication newsletter sharing follow email like likes feedback facebook twitter subscribe wa jp aptf-follow engagement",
  )}|give[_-]?feedback|brand[_-]engagement)(?:[_-]?${any("post link links section icon icons btn button buttons target")})?${PART_END}`,
  comments: `${PART}${maybe("article user post")}(?:(?:no[_-]?)?comments?|comment[_-]?list|reply)${PART_END}`,
  logo: `logo${NAME_END}`,
  print: `${NAME}print[_-]`,
  junk: `${NAME}short-view-count|spinner${PART_END}`,
} as const;

export type ClassRule = keyof typeof SOURCES;

const RULES = Object.entries(SOURCES).map(([name, source], bit) => ({
  name: name as ClassRule,
  bit: 1 << bit,
  // The words of the last one are as they are.
  regex: new RegExp(source, name === "junk" ? "" : "i"),
}));
const BY_NAME = Object.fromEntries(RULES.map((rule) => [rule.name, rule])) as Record<ClassRule, (typeof RULES)[number]>;

/** Names that are remembered. */
const MAX_NAMES = 20_000;

/** What was found out of names. */
export class ClassRules {
  readonly #known = new Map<string, { looked: number; found: number }>();

  /** Whether `names`, which are not empty, are of `rule`. */
  matches(names: string, rule: ClassRule): boolean {
    const { bit, regex } = BY_NAME[rule];
    let known = this.#known.get(names);
    if (known === undefined) {
      if (this.#known.size >= MAX_NAMES) this.#known.clear();
      known = { looked: 0, found: 0 };
      this.#known.set(names, known);
    }
    if ((known.looked & bit) === 0) {
      known.looked |= bit;
      if (regex.test(names)) known.found |= bit;
    }
    return (known.found & bit) !== 0;
  }
}
