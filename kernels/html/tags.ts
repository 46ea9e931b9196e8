/**
 * The elements of HTML by number, and what they are: blocks, void, closed by others.
 *
 * Invariant: numbers are only good within a process; names that are not here get numbers from {@link FIRST_UNKNOWN} on, by document.
 */

/** A piece of text, and a comment. */
export const TEXT = 0;
export const COMMENT = 1;

const NAMES =
  "a abbr address applet area article aside audio b base basefont bgsound big blockquote body br button caption center code col colgroup dd details dialog dir div dl dt em embed fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe img input keygen label li link listing main map marquee math menu meta nav nobr noembed noframes noscript object ol optgroup option p param plaintext pre rb rp rt rtc ruby s script search section select small source span strike strong style sub summary sup svg table tbody td template textarea tfoot th thead time title tr track tt u ul var video wbr xmp foreignobject desc mi mo mn ms mtext".split(
    " ",
  );

const NUMBERS: ReadonlyMap<string, number> = new Map(NAMES.map((name, i) => [name, i + 2]));

/** Numbers of names that no list has. */
export const FIRST_UNKNOWN = NAMES.length + 2;

export function tagNumber(name: string): number | undefined {
  return NUMBERS.get(name);
}

/** The number of an element that is known. */
export function tag(name: string): number {
  const number = NUMBERS.get(name);
  if (number === undefined) throw new Error(`there is no element ${name}`);
  return number;
}

type Words<Names extends string> = Names extends `${infer First} ${infer Rest}` ? First | Words<Rest> : Names;

/** The numbers of elements, by name; `names` has blanks between them. */
export function tagNumbers<Names extends string>(names: Names): Readonly<Record<Words<Names>, number>> {
  return Object.fromEntries(names.split(" ").map((name) => [name, tag(name)])) as Record<Words<Names>, number>;
}

/** One bit of {@link tagIs} each. */
export const Is = {
  /** Begins a line of its own in the text. */
  block: 1,
  /** Has no content. */
  void: 2,
  /** Its start ends a paragraph that is open. */
  closesParagraph: 4,
  /** Among those that the end tag of an unknown element does not pass. */
  special: 8,
  /** Goes on in the next block where it was left open: `b`, `a`, `font`. */
  formatting: 16,
  /** Nothing outside it is closed by end tags in it. */
  scope: 32,
  heading: 64,
  /** May stand in `head`. */
  head: 128,
  /** Its content is text to its end tag. */
  raw: 256,
  /** A wall for formatting: none outside goes on in it. */
  marker: 512,
  /** Ends its like by its own end tag, and what is open in it. */
  closesLike: 1024,
  /** Ends foreign content. */
  endsForeign: 2048,
  /** Table, its sections and rows: content in them belongs in cells. */
  tablePart: 4096,
} as const;

const GROUPS: readonly (readonly [number, string])[] = [
  [
    Is.block,
    "address article aside blockquote br center details dd dt div dl fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr li main nav ol p pre section table tr ul",
  ],
  [Is.void, "area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr"],
  [
    Is.closesParagraph,
    "address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr li dd dt listing main menu nav ol p plaintext pre search section summary ul xmp",
  ],
  [
    Is.special,
    "address applet area article aside base basefont bgsound blockquote body br button caption center col colgroup dd details dir div dl dt embed fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html iframe img input keygen li link listing main marquee menu meta nav noembed noframes noscript object ol p param plaintext pre script search section select source style summary table tbody td template textarea tfoot th thead title tr track ul wbr xmp",
  ],
  [Is.formatting, "a b big code em font i nobr s small strike strong tt u"],
  [Is.scope, "applet caption html table td th marquee object template body foreignobject desc"],
  [Is.heading, "h1 h2 h3 h4 h5 h6"],
  [Is.head, "base basefont bgsound link meta title style script noframes noscript template"],
  [Is.raw, "script style xmp iframe noembed noframes textarea title plaintext"],
  [Is.marker, "applet object marquee td th caption"],
  [
    Is.closesLike,
    "address article aside blockquote button center details dialog dir div dl fieldset figcaption figure footer header hgroup listing main menu nav ol pre search section summary ul applet marquee object select form",
  ],
  [
    Is.endsForeign,
    "b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul var",
  ],
  [Is.tablePart, "table tbody tfoot thead tr"],
];

const BITS = new Uint16Array(FIRST_UNKNOWN);
for (const [bit, names] of GROUPS) for (const name of names.split(" ")) BITS[tag(name)] |= bit;

/** Whether the element of `number` is one of `bits`. */
export function tagIs(number: number, bits: number): boolean {
  return number < FIRST_UNKNOWN && (BITS[number] & bits) !== 0;
}

/** Marks for elements by number, for sets that a caller has of its own. */
export function tagSet(names: string): Uint8Array {
  const marks = new Uint8Array(FIRST_UNKNOWN);
  for (const name of names.split(" ")) marks[tag(name)] = 1;
  return marks;
}
