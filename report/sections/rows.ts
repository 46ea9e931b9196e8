/** What conversations kept on their way, and how much of what they say is trained on; and what is held out. */
import type { RunFacts } from "../facts/types.ts";
import { shareBar } from "../page/figure.ts";
import { cell, head, html, named, nothing, type Section, table } from "../page/markup.ts";
import { integer, percent, short } from "../page/numbers.ts";

/** Undefined where no source is of conversations. */
export function chatsSection({ sources }: RunFacts): Section | undefined {
  const rows = sources.flatMap(({ name, chat }) => {
    if (chat === undefined) return [];
    const share = (part: number): number => (chat.rows === 0 ? 0 : part / chat.rows);
    const { text_bytes = 0, supervised_bytes = 0 } = chat;
    const trained = text_bytes === 0 ? undefined : supervised_bytes / text_bytes;
    const turns = chat.rows === 0 ? 0 : chat.turns / chat.rows;
    return [
      html`<tr>${named(name)}${cell("rows", integer(chat.rows), chat.rows)}${cell("turns a row", turns.toFixed(1), turns)}${cell("instructions", percent(share(chat.rows_with_instructions), 1), share(chat.rows_with_instructions))}${cell("tools", percent(share(chat.rows_with_tools), 1), share(chat.rows_with_tools))}${cell("thinking", percent(share(chat.rows_with_trace), 1), share(chat.rows_with_trace))}${cell("trained on", trained === undefined ? html`<span class="zero">not rendered</span>` : percent(trained, 1), trained ?? 0)}${cell("trained on", trained === undefined ? "" : shareBar(trained, 110, `${percent(trained, 1)} trained on`), undefined, "viz")}</tr>`,
    ];
  });
  if (rows.length === 0) return undefined;
  const heads = ["rows", "turns a row", "instructions", "tools", "thinking", "trained on"].map((name) =>
    head(name, "num"),
  );
  return {
    id: "chats",
    title: "Conversations",
    ask: "What did conversations keep on their way, and how much of them is trained on?",
    body: html`${table({ caption: "Conversations", heads: [head("source"), ...heads, head("", "viz x")], rows })}<p class="note">Trained on: share of the rendered text, in bytes, that the loss mask lets through.</p>`,
  };
}

export function heldOutSection({ sources, stages, recipe }: RunFacts): Section {
  const rows = sources.flatMap(({ name, held_out, kept }) => {
    if (held_out === undefined) return [];
    const share = held_out + kept === 0 ? 0 : held_out / (held_out + kept);
    const validation = stages.map((stage) => stage.sources[name]?.validation).find((one) => one !== undefined);
    const tokens = validation?.token_store.tokens ?? 0;
    return [
      html`<tr>${named(name)}${cell("documents", integer(held_out), held_out)}${cell("share", percent(share), share)}${cell("tokens", short(tokens), tokens)}${cell("windows", integer(validation?.packing.windows ?? 0), validation?.packing.windows ?? 0)}</tr>`,
    ];
  });
  const heads = ["documents", "share", "tokens", "windows"].map((name) => head(name, "num"));
  const why = recipe.validation === undefined ? "This recipe holds nothing out." : "Nothing is held out yet.";
  return {
    id: "held-out",
    title: "Held out",
    ask: "Documents kept from training for evaluation.",
    body: rows.length === 0 ? nothing(why) : table({ caption: "Held out", heads: [head("source"), ...heads], rows }),
  };
}
