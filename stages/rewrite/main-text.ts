/**
 * Makes plain text of HTML: the main content of a page, or all of it.
 *
 * Owns when a page is dropped; what its text is, the kernel says. Invariant: a page costs time that grows with its length alone: elements more than 512 deep are laid side by
 * side, one of more than two million nodes is dropped by name. Price: 60 to 70 MB/s of HTML on one core, 90 without the rules of main content; some 40 bytes of memory a node
 * of the largest page, for as long as the thread lives.
 */
import { z } from "zod";
import { Utf8Builder } from "../../batch/builder.ts";
import { utf8String } from "../../batch/column.ts";
import { ARENA } from "../../batch/memory.ts";
import type { TextExtractor } from "../../kernels/html/plain-text.ts";
import { defineStage, transform } from "../define.ts";

const options = z.strictObject({
  main_content: z
    .boolean()
    .default(true)
    .describe(
      "only the main content: without navigation, advertisements, headers and footers of the site, heaps of links",
    ),
  list_bullets: z.boolean().default(true).describe("a bullet, or its number, before each item of a list"),
  alt_texts: z.boolean().default(true).describe("keep the words that stand for pictures, and captions"),
  comments: z.boolean().default(true).describe("comments of readers are main content"),
  post_meta: z
    .boolean()
    .default(true)
    .describe("what posts say of themselves, such as author, date and labels, is main content"),
});

const REASONS = {
  no_text: "nothing is left of the page",
  too_many_nodes: "the page has more than two million elements and texts",
};

/** A kernel with its packages, which nobody loads who has no HTML. */
type Kernel = typeof import("../../kernels/html/plain-text.ts");

export default defineStage({
  name: "rewrite/main-text",
  version: 2,
  kind: "transform",
  summary: "Makes plain text of HTML: the main content of a page, in lines and lists.",
  reference:
    "Resiliparse 2.0.1, extract_plain_text, whose rules and layout it has; its tree is that of the HTML Standard where texts depend on it. Measured in docs/common-crawl.md",
  options,
  reads: ["text"],
  writes: [{ name: "text", kind: "utf8" }],
  reasons: REASONS,
  create: (given) => {
    let kernel: Kernel | undefined;
    let extractor: TextExtractor | undefined;
    return transform<keyof typeof REASONS>(
      (batch, drop) => {
        if (kernel === undefined) throw new Error("the stage was not prepared");
        extractor ??= new kernel.TextExtractor(given);
        const out = new Utf8Builder(batch.text.data.length >> 2, batch.rows, ARENA);
        for (let row = 0; row < batch.rows; row++) {
          if (!batch.alive.has(row)) {
            out.endRow();
            continue;
          }
          let text = "";
          try {
            text = extractor.extract(utf8String(batch.text, row));
            if (text === "") drop(row, "no_text");
          } catch (error) {
            if (!(error instanceof kernel.TooManyNodes)) throw error;
            drop(row, "too_many_nodes");
          }
          out.appendString(text);
        }
        return new Map([["text", out.finish()]]);
      },
      {
        prepare: async () => {
          kernel ??= await import("../../kernels/html/plain-text.ts");
        },
      },
    );
  },
  examples: [
    {
      text: "<nav><a href=/>Home</a></nav><div><main><h1>Tea</h1><p>Boil&nbsp;water, <b>then</b>:<ol><li>Pour<li>Wait</ol></main><footer>Imprint</footer></div>",
      becomes: "Tea\n\nBoil\u00a0water, then:\n\n  1. Pour\n  2. Wait",
    },
    {
      text: "<table><tr><th>Tea<th>Minutes<tr><td>Green<td>2</table>",
      options: { main_content: false },
      becomes: "Tea\t\tMinutes\nGreen\t\t2",
    },
    { text: "<script>let x = 1;</script><img src=a.png>", drops: "no_text" },
    { text: "Plain words stay.", keeps: true },
  ],
});
