/**
 * Figures: Observable Plot's marks as SVG, drawn when the page is made.
 *
 * Invariant: no font, colour or style of its own, so that the page's light and dark hold in it; coordinates have two decimals, so equal figures are equal bytes.
 * Every figure says its numbers in words. Price: some milliseconds each; Plot and its DOM are loaded by whoever draws.
 */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { type Html, html, trusted, visible } from "./markup.ts";
import { shortName } from "./numbers.ts";

export { Plot };

const { document } = parseHTML("<!doctype html><html><body></body></html>");

/** Attributes whose digits beyond the second decimal nobody sees. */
const COORDINATES = ["x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "width", "height", "d", "transform"];

/** Height of a row of bars. */
export const ROW = 22;

type PlotOptions = NonNullable<Parameters<typeof Plot.plot>[0]>;

/** Draws a figure; `label` tells what it shows to who does not see it. */
export function draw(options: PlotOptions, label: string): Html {
  const svg = Plot.plot({ document, className: "fig", ...options });
  for (const style of svg.querySelectorAll("style")) style.remove();
  svg.setAttribute("role", "img");
  for (const attribute of ["font-size", "font-family"]) svg.removeAttribute(attribute);
  svg.setAttribute("text-anchor", "middle");
  for (const element of svg.querySelectorAll("*")) {
    for (const name of COORDINATES) {
      const value = element.getAttribute(name);
      if (value !== null) element.setAttribute(name, value.replace(/(\d+\.\d{2})\d+/g, "$1"));
    }
  }
  // Marks are no things that a reader of screens is told about: the figure's label tells all of them.
  for (const group of svg.querySelectorAll("[aria-label]")) {
    if (group.getAttribute("aria-label")?.endsWith("tick label")) group.setAttribute("class", "mut");
    group.removeAttribute("aria-label");
  }
  for (const text of svg.querySelectorAll("text, title")) {
    if (text.children.length === 0) text.textContent = visible(text.textContent ?? "");
  }
  // Written here, since the DOM leaves angle brackets in attributes as they are.
  return trusted(svg.outerHTML.replace(/^<svg/, () => html`<svg aria-label="${label}"`.text));
}

/** An axis that bands of equal height share. */
export function bands(domain: readonly string[]): NonNullable<PlotOptions["y"]> {
  return { domain: [...domain], axis: null, paddingInner: 0.4, paddingOuter: 0.2 };
}

/** Labels at the left edge: one a band, cut where they are long. */
export function bandLabels(
  rows: readonly { readonly key: string; readonly label: string }[],
  margin: number,
  most = 18,
) {
  return Plot.text(rows, {
    x: () => 0,
    dx: -margin,
    y: "key",
    textAnchor: "start",
    text: ({ label }: { readonly label: string }) => visible(shortName(label, most)),
    title: ({ label }: { readonly label: string }) => (label.length > most ? visible(label) : ""),
    className: "mut",
  });
}

/** A share as a bar of its own, as high as a line of a table. */
export function shareBar(share: number, width: number, label: string, fill = "var(--kept)"): Html {
  const bar = (to: number, colour: string) =>
    Plot.barX([to], { x1: 0, x2: (one: number) => one, y: () => "", fill: colour });
  return draw(
    {
      width,
      height: 20,
      margin: 0,
      x: { domain: [0, 1], axis: null },
      y: { axis: null, domain: [""], padding: 0.5 },
      marks: [bar(1, "var(--track)"), bar(share, fill)],
    },
    label,
  );
}
