/**
 * The whole page around its sections: one file that loads nothing.
 *
 * Invariant: its policy forbids all that it does not carry: no network, no frame, no script but the one whose hash it names.
 */
import { createHash } from "node:crypto";
import { type Html, html, type Section, sectionOf, trusted } from "./markup.ts";
import { SCRIPT } from "./script.ts";
import { STYLE } from "./style.ts";

export interface Page {
  readonly title: string;
  readonly top: Html;
  readonly sections: readonly Section[];
  readonly footer: string;
  /** Seconds after which a browser is to ask for it again: of a run that goes on. */
  readonly refresh_s?: number;
}

export const POLICY = `default-src 'none';style-src 'unsafe-inline';script-src 'sha256-${createHash("sha256").update(SCRIPT).digest("base64")}'`;

export function pageOf({ title, top, sections, footer, refresh_s }: Page): string {
  const links = sections.map((section) => html`<a href="#${section.id}">${section.title}</a>`);
  const policy = html`<meta http-equiv="Content-Security-Policy" content="${trusted(POLICY)}">`;
  const refresh = refresh_s !== undefined && html`<meta http-equiv="refresh" content="${refresh_s}">`;
  const body = html`<main><div class="top">${top}</div><nav aria-label="Sections">${links}</nav>${sections.map(sectionOf)}<footer>${footer}</footer></main>`;
  return html`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">${policy}${refresh}<meta name="color-scheme" content="light dark"><title>${title}</title><style>${trusted(STYLE)}</style></head><body>${body}<script>${trusted(SCRIPT)}</script></body></html>\n`
    .text;
}
