/**
 * A stage that has models answer the turns of rows; `chat/generate` is the built-in one, plugins make others with tools of their own.
 *
 * Invariant: what a row becomes follows from its question and the answers in the journal. Price: that of its calls; 0.3 ms of a worker a call beside it.
 */
import type { Batch, Derivation } from "../../../batch/batch.ts";
import { Utf8Builder } from "../../../batch/builder.ts";
import { isValid, utf8String } from "../../../batch/column.ts";
import { seedFrom } from "../../../kernels/random/shuffle.ts";
import { type Cells, ColumnPath } from "../../cells.ts";
import { type ColumnDeclaration, defineStage, request, type StageDefinition } from "../../define.ts";
import { checkLabels, fasttextTables } from "../../fasttext-model.ts";
import { TurnLanguage } from "../turn-language.ts";
import { type Account, countRow, mergeAccounts, newAccount, stateOf } from "./account.ts";
import type { LanguageOf } from "./answer.ts";
import { Caller, tokensOf } from "./calls.ts";
import { type Outcome, REASONS, type Reason, type RowQuestion, rowDialogue } from "./forms.ts";
import { type GenerateOptions, generateOptions } from "./options.ts";
import type { ChatTool } from "./tools.ts";

export interface GenerateStage extends Pick<StageDefinition, "name" | "version" | "summary" | "examples"> {
  /** Tools that `tool_loop` may name. */
  readonly tools: readonly ChatTool[];
}

export function generateStage({ tools, ...named }: GenerateStage) {
  const known = tools.map(({ name }) => name);
  const options = generateOptions.check(({ value, issues }) => {
    const unknown = value.tool_loop?.tools.find((name) => !known.includes(name));
    if (unknown === undefined) return;
    issues.push({
      code: "custom",
      path: ["tool_loop", "tools"],
      message: `has no ${unknown}; there is ${known.join(", ")}`,
      input: unknown,
    });
  });
  return defineStage({
    ...named,
    kind: "request",
    options,
    reads: ({ messages, tools: column, system_column }) => [messages, ...[column ?? [], system_column ?? []].flat()],
    writes: columnsOf,
    reasons: REASONS,
    endpoints: ({ endpoint, multi_turn, preference }) => [
      ...new Set([endpoint, ...[multi_turn?.writer.endpoint ?? [], preference?.rejected.endpoint ?? []].flat()]),
    ],
    merge: mergeAccounts,
    tables: ({ validation: { language } }) => (language === undefined ? null : fasttextTables(language.model)),
    checkAssets: async ({ validation: { language } }, files) => {
      if (language !== undefined) await checkLabels(files, language.model, language.languages);
    },
    create: (given, { assets, chat, seed }) => {
      const [messagesOf, toolsOf, systemOf] = [given.messages, given.tools, given.system_column].map(textsOf);
      const caller = new Caller(given, tools, chat);
      let account = newAccount(given);
      const { language } = given.validation;
      let opened: TurnLanguage | undefined;
      const languageOf: LanguageOf = (text) => {
        if (language !== undefined) opened ??= new TurnLanguage(language, assets);
        return opened?.judge(text);
      };
      return request({
        concurrency: given.concurrency,
        attempts: given.attempts,
        retry_ms: given.retry_ms,
        question: (batch, row): RowQuestion => ({
          messages: messagesOf?.(batch, row) ?? null,
          tools: toolsOf?.(batch, row) ?? null,
          system: systemOf?.(batch, row) ?? null,
          seed: given.seed === "row" ? seedFrom(...seed, batch.shardKey(row), batch.position(row))[0] >>> 1 : null,
        }),
        dialogue: (question) => rowDialogue(question as RowQuestion, given, { tools, languageOf }),
        ask: (question, signal) => caller.make(question, signal),
        unanswered: (_, failure) => caller.unanswered(failure),
        tokens: tokensOf,
        apply: (batch, answer, drop) => {
          const names = columnsOf(given).map(({ name }) => name);
          const builders = names.map((name) => [name, new Utf8Builder()] as const);
          for (let row = 0; row < batch.rows; row++) {
            const outcome = batch.alive.has(row) ? (answer(row) as Outcome | undefined) : undefined;
            if (outcome !== undefined) {
              countRow(account, outcome, batch.shardKey(row), batch.position(row));
              if (outcome.drop !== null) dropRow(drop, row, outcome.drop);
            }
            for (const [name, builder] of builders) {
              const value = outcome?.columns?.[name];
              if (value === undefined || value === null) builder.appendNull();
              else builder.appendString(value);
            }
          }
          return new Map(builders.map(([name, builder]) => [name, builder.finish()]));
        },
        finish: () => {
          const done: Account = account;
          account = newAccount(given);
          return stateOf(done);
        },
      });
    },
  });
}

/** What comes back, whatever the form. */
function columnsOf({
  messages,
  into,
  reasoning,
  tool_loop,
  preference,
}: GenerateOptions): readonly ColumnDeclaration[] {
  if (preference !== undefined)
    return [
      { name: "chosen", kind: "json" },
      { name: "rejected", kind: "json" },
      { name: "prompt", kind: "utf8" },
    ];
  if (into !== undefined)
    return [
      { name: into, kind: "utf8" },
      ...(reasoning === "apart" ? [{ name: `${into}_reasoning`, kind: "utf8" } as const] : []),
    ];
  return [
    { name: messages, kind: "json" },
    ...(tool_loop === undefined ? [] : [{ name: "tools", kind: "json" } as const]),
  ];
}

function dropRow(
  drop: (row: number, reason: Reason, value?: number, detail?: string) => void,
  row: number,
  { reason, value, detail }: NonNullable<Outcome["drop"]>,
): void {
  drop(row, reason, value ?? undefined, detail === "" ? undefined : detail);
}

/** The text of a column, or of a path into one of JSON; null where it has none. */
function textsOf(name: string | undefined): ((batch: Batch, row: number) => string | null) | undefined {
  if (name === undefined) return undefined;
  const path = new ColumnPath(name);
  const cellsOf: Derivation<Cells> = { make: (batch) => path.of(batch) };
  return (batch, row) => {
    const column = batch.column(name);
    if (column?.kind === "utf8") return isValid(column, row) ? utf8String(column, row) : null;
    const cells = batch.derived(cellsOf);
    const kind = cells.read(row);
    if (kind !== "text" && kind !== "nested") return null;
    return Buffer.from(cells.bytes.subarray(cells.start, cells.end)).toString("utf8");
  };
}
