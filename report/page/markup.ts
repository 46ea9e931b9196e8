/**
 * HTML that is safe by construction: what a template is given is escaped, unless it is HTML already.
 *
 * Invariant: text of others, such as a file's name or a document, can neither become markup nor hide what it says: control characters and those that turn the direction of
 * writing are shown by their names. Price: one pass over what is written.
 */

/** A piece of a page. Only {@link html} and {@link trusted} make one. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

type Part = Html | string | number | undefined | false | readonly Part[];

/** A template of HTML: pieces stay, all else is text. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.reduce((text, string, at) => text + written(parts[at - 1]) + string));
}

/** Markup that the program itself wrote. */
export function trusted(markup: string): Html {
  return new Html(markup);
}

function written(part: Part): string {
  if (part === undefined || part === false) return "";
  if (part instanceof Html) return part.text;
  if (typeof part === "object") return part.map(written).join("");
  return escaped(String(part));
}

const NAMES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(text: string): string {
  return visible(text).replace(/[&<>"']/g, (character) => NAMES[character] ?? "");
}

/** Text in which nothing is hidden: tabs and newlines stay. */
export function visible(text: string): string {
  let shown = "";
  for (const character of text) shown += shownAs(character);
  return shown;
}

function shownAs(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return code === 0x09 || code === 0x0a ? character : String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return "␡";
  const hides =
    (code >= 0x80 && code < 0xa0) ||
    code === 0xad ||
    code === 0x61c ||
    (code >= 0x200b && code <= 0x200f) ||
    (code >= 0x2028 && code <= 0x202e) ||
    (code >= 0x2060 && code <= 0x206f) ||
    code === 0xfeff ||
    (code >= 0xd800 && code < 0xe000) ||
    (code >= 0xe0000 && code < 0xe0080);
  return hides ? `‹U+${code.toString(16).toUpperCase().padStart(4, "0")}›` : character;
}

/** A part of the page: a title, the question that it answers, and what answers it. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly ask: string;
  readonly body: Html;
}

export function sectionOf({ id, title, ask, body }: Section): Html {
  return html`<section id="${id}"><header><h2><a href="#${id}">${title}</a></h2><p>${ask}</p></header><div class="body">${body}</div></section>`;
}

/** What stands where there is nothing to show: why. */
export function nothing(why: string): Html {
  return html`<p class="empty">${why}</p>`;
}

/** A name of others, in its own direction of writing. */
export function named(name: string, below?: string): Html {
  return html`<td class="name"><bdi>${name}</bdi>${below !== undefined && html`<small>${below}</small>`}</td>`;
}

/** A cell. `value` is what the column is sorted by. */
export function cell(label: string, shown: Html | string, value?: number | string, kind = "num"): Html {
  const sorted = value === undefined ? "" : html` data-v="${value}"`;
  return html`<td class="${kind}" data-l="${label}"${sorted}>${shown}</td>`;
}

/** A head of a column: a button that sorts, unless `kind` has an `x`. */
export function head(label: Html | string, kind = ""): Html {
  const isFixed = kind.split(" ").includes("x");
  if (label === "") return html`<th scope="col" class="${kind}"><span class="vis">figure</span></th>`;
  return html`<th scope="col"${kind !== "" && html` class="${kind}"`}>${isFixed ? label : html`<button type="button" class="sort">${label}</button>`}</th>`;
}

export interface Table {
  readonly caption: string;
  readonly heads: readonly Html[];
  readonly rows: readonly Html[];
  /** Labelled figures in a line, where the table becomes blocks on a phone. */
  readonly columns?: number;
  readonly className?: string;
}

export function table({ caption, heads, rows, columns = 4, className = "stack rows" }: Table): Html {
  return html`<table class="${className}" style="--c:${columns}"><caption class="vis">${caption}</caption><thead><tr>${heads}</tr></thead><tbody>${rows}</tbody></table>`;
}

type Swatch = readonly [colour: string, meaning: string, form?: "dot" | "line"];

/** What colours and forms mean. */
export function key(swatches: readonly (Swatch | string)[]): Html {
  const shown = swatches.map((swatch) => {
    if (typeof swatch === "string") return html`<span>${swatch}</span>`;
    const [colour, meaning, form = ""] = swatch;
    return html`<span><i class="${form}" style="background:var(--${colour})"></i>${meaning}</span>`;
  });
  return html`<p class="key">${shown}</p>`;
}

/** A checksum or fingerprint, cut for the eye and whole for the clipboard. */
export function hash(whole: string, digits = 16): Html {
  const cut = whole.length > digits ? `${whole.slice(0, digits)}…` : whole;
  return html`<span class="hash"><code title="${whole}">${cut}</code><button type="button" class="copy" data-copy="${whole}" aria-label="Copy ${whole.slice(0, 12)}">copy</button></span>`;
}

export function badge(passed: boolean, name: string, note: string): Html {
  return html`<li class="badge ${passed ? "ok" : "fail"}"><b aria-hidden="true">${passed ? "✓" : "✕"}</b><span>${name}<span class="vis">${passed ? " holds" : " fails"}</span></span><i>${note}</i></li>`;
}

export function fold(summary: Html | string, body: Html, open = false): Html {
  return html`<details${open && trusted(" open")}><summary>${summary}</summary>${body}</details>`;
}

export function figure(title: string, below: string, drawn: readonly (Html | false | undefined)[]): Html {
  return html`<figure><figcaption><b><bdi>${title}</bdi></b><span>${below}</span></figcaption>${drawn}</figure>`;
}

/** Small panels: the first ones at once, the rest folded away. */
export function panels(drawn: readonly Html[], most = 9, two = false): Html {
  const grid = (some: readonly Html[]): Html => html`<div class="grid${two ? " two" : ""}">${some}</div>`;
  if (drawn.length <= most) return grid(drawn);
  const more = drawn.length - most;
  return html`${grid(drawn.slice(0, most))}${fold(`${more} more`, grid(drawn.slice(most)))}`;
}

/** Characters of a text that an example shows. */
const EXCERPT = 260;

/** The beginning of a document. */
export function excerpt(text: string): Html {
  const characters = [...text.slice(0, EXCERPT * 4)];
  const cut = characters.length > EXCERPT ? `${characters.slice(0, EXCERPT).join("")}…` : text;
  return html`<pre tabindex="0" role="group" aria-label="beginning of the text">${cut}</pre>`;
}
