/**
 * Looks at conversations as a template will: which templates take them, what is odd about them, what of them would be trained on.
 *
 * Its state counts rows by finding, and stands in the manifest, where `gates: { lint: … }` bounds it. Invariant: it drops nothing but rows with the
 * findings that `drop` names. Price: a rendering for each shipped template, and one for each turn of the assistant to see whether what comes later
 * changes what came before.
 */
import { z } from "zod";
import { TemplateError } from "../../kernels/jinja/errors.ts";
import { type Assets, assetPath, defineStage, filter } from "../define.ts";
import { type ChatInputs, ChatTemplate, type TemplateOptions } from "./chat-template.ts";
import { type Messages, withEntries } from "./conversation.ts";
import { addCounts, Tally } from "./counts.ts";
import { JsonRows } from "./json-rows.ts";
import { FINDINGS, LINT_FINDINGS, type LintFinding, messageFindings } from "./lint-findings.ts";
import { apart, bytesIn, lossRanges, NoMask } from "./loss-ranges.ts";
import { SHIPPED_NAMES, type ShippedTemplate } from "./shipped-templates.ts";
import { BadRow, kwargsOf, messageList, readCell, rolesOption, toolsOf, withArguments } from "./template-inputs.ts";

/** By shipped template. */
const REJECTED = {
  smollm3: "rejected_by_smollm3",
  "smollm3-shipped": "rejected_by_smollm3_shipped",
  chatml: "rejected_by_chatml",
} as const satisfies Record<ShippedTemplate, string>;

/** Which day a template prints changes no finding. */
const ANY_DAY = "2025-01-01";

const options = z.strictObject({
  template: z
    .union([z.enum(SHIPPED_NAMES), assetPath()])
    .default("smollm3")
    .describe("template that masks and prefixes are looked at with, as `chat/render` takes it"),
  special_tokens: z.record(z.string(), z.string()).default({}).describe("as `chat/render` takes them"),
  variables: z.record(z.string(), z.json()).default({}).describe("as `chat/render` takes them"),
  transformers: z
    .union([z.literal(5), z.literal(4)])
    .default(5)
    .describe("as `chat/render` takes it"),
  roles: rolesOption,
  drop: z.array(z.enum(LINT_FINDINGS)).default([]).describe("findings that a row is dropped for; none by default"),
});

/** A row that can be rendered. */
interface Conversation extends ChatInputs {
  readonly messages: Messages;
}

/** Looks at conversations with one template. */
class TemplateLint {
  readonly #template: ChatTemplate;
  readonly #shipped: ReadonlyMap<ShippedTemplate, ChatTemplate>;

  constructor(given: TemplateOptions, assets: Assets) {
    const open = (template: TemplateOptions["template"]) => new ChatTemplate({ ...given, template }, assets);
    this.#shipped = new Map(SHIPPED_NAMES.map((name) => [name, open(name)]));
    this.#template = open(given.template);
  }

  *findings(chat: Conversation): Generator<LintFinding> {
    for (const [name, template] of this.#shipped) if (textOf(template, chat) === undefined) yield REJECTED[name];
    const template = this.#template;
    const text = textOf(template, chat);
    if (text === undefined) {
      yield "rejected";
      return;
    }
    yield* this.#maskFindings(chat, text);
    const last = chat.messages.length - 1;
    const changes = chat.messages.some((message, turn) => {
      if (turn === last || message.get("role") !== "assistant") return false;
      const before = textOf(template, { ...chat, messages: chat.messages.slice(0, turn + 1) });
      return before === undefined || !text.startsWith(before);
    });
    if (changes) yield "prefix_changes";
  }

  *#maskFindings(chat: Conversation, text: string): Generator<LintFinding> {
    const { messages } = chat;
    const template = this.#template;
    const text_bytes = Buffer.byteLength(text);
    try {
      const spans = apart(
        lossRanges(
          {
            messages,
            text,
            text_bytes,
            spans: template.hasMarkers(chat) ? template.render(messages, chat).spans : undefined,
            render: (count, generationPrompt) => template.render(messages.slice(0, count), chat, generationPrompt).text,
          },
          "assistant",
        ),
      );
      const covered = bytesIn(spans);
      if (covered === 0) yield "mask_all_zero";
      else if (covered === text_bytes) yield "mask_all_one";
    } catch (error) {
      if (!(error instanceof NoMask) && !(error instanceof TemplateError)) throw error;
      yield "no_mask";
    }
  }
}

function textOf(template: ChatTemplate, chat: Conversation): string | undefined {
  try {
    return template.render(chat.messages, chat).text;
  } catch (error) {
    if (error instanceof TemplateError) return undefined;
    throw error;
  }
}

export default defineStage({
  name: "chat/lint",
  version: 1,
  kind: "filter",
  summary:
    "Counts what is odd about conversations: which templates refuse them, what would be trained on, how calls of tools are spelled.",
  options,
  reads: ["messages"],
  writes: [],
  reasons: ({ drop }) => Object.fromEntries(drop.map((name) => [name, FINDINGS[name]])),
  create: (given, { assets }) => {
    const lint = new TemplateLint({ ...given, date: ANY_DAY, spans: true }, assets);
    const roles = new Set(given.roles);
    const dropped = new Set<string>(given.drop);
    const tally = new Tally(["rows", "rows_with_findings"]);
    return filter(
      (batch, drop) => {
        const rowsOf = (name: string) => (batch.column(name) === undefined ? undefined : new JsonRows(batch, name));
        const [cells, tools, kwargs] = [rowsOf("messages"), rowsOf("tools"), rowsOf("chat_template_kwargs")];

        /** What is found in a row, in the order of {@link FINDINGS}. */
        const findings = (row: number): ReadonlySet<LintFinding> => {
          const found = new Set<LintFinding>();
          try {
            const messages = messageList(readCell(cells, row, "messages", "bad_messages"), "messages");
            for (const finding of messageFindings(messages, roles)) found.add(finding);
            const given = kwargsOf(readCell(kwargs, row, "chat_template_kwargs", "bad_kwargs"));
            const own = given.get("tools") ?? readCell(tools, row, "tools", "bad_tools");
            const chat: Conversation = {
              messages:
                found.has("arguments_broken") || found.has("arguments_double_encoded")
                  ? messages
                  : messages.map(withArguments),
              tools: toolsOf(own),
              kwargs: withEntries(given, { tools: undefined }),
            };
            for (const finding of lint.findings(chat)) found.add(finding);
          } catch (error) {
            if (!(error instanceof BadRow)) throw error;
            found.add("no_messages");
          }
          return found;
        };

        batch.alive.forEach((row) => {
          const found = findings(row);
          tally.add("rows");
          if (found.size > 0) tally.add("rows_with_findings");
          for (const name of LINT_FINDINGS) if (found.has(name)) tally.addTo("findings", name);
          const reason = LINT_FINDINGS.find((name) => found.has(name) && dropped.has(name));
          if (reason !== undefined) drop(row, reason);
        });
      },
      { finish: tally.finish },
    );
  },
  merge: addCounts,
  examples: [
    {
      columns: { messages: '[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello."}]' },
      keeps: true,
    },
    { columns: { messages: '[{"role":"narrator","content":"Once."}]' }, keeps: true },
    {
      columns: { messages: '[{"role":"narrator","content":"Once."}]' },
      options: { drop: ["unknown_role"] },
      drops: "unknown_role",
    },
    {
      columns: { messages: '[{"role":"user","content":"Hi"}]' },
      options: { drop: ["mask_all_zero"] },
      drops: "mask_all_zero",
    },
  ],
});
