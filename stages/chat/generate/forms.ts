/**
 * The forms of generation, as dialogues: one answer, turns that a model writes for the user, tools that are run, pairs.
 *
 * Invariant: a dialogue is a pure function of the row and the answers that it is given, since it is gone through when calls are made and again when
 * they become columns. What goes wrong with a row ends its dialogue with a reason and leaves others alone.
 */
import { isRefusal } from "../../../io/chat-completions.ts";
import type { Completion, ToolCall } from "../../../kernels/chat/completion.ts";
import { joinThought } from "../../../kernels/chat/think.ts";
import { type JsonObject, type JsonValue, jsonText } from "../../../kernels/json/value.ts";
import type { Answer, Dialogue } from "../../define.ts";
import {
  ANSWER_REASONS,
  type AnswerReason,
  choose,
  excerpt,
  isRejection,
  judge,
  type LanguageOf,
  type Rejection,
  type Said,
} from "./answer.ts";
import { type Call, isUnanswered, type ModelAnswer, type ToolResult, tokensOf } from "./calls.ts";
import type { GenerateOptions, ModelOptions } from "./options.ts";
import { BadRow, contentOf, promptsOf, requestBody, type Turns, toolsOf, transcript, turn, turnsOf } from "./prompt.ts";
import { type ChatTool, schemaOf } from "./tools.ts";

export const REASONS = {
  no_messages: "the row has no turns",
  bad_messages: "the turns of the row cannot be asked: an unknown role, a turn without text, no user",
  bad_tools: "the tools of the row are no list of schemas",
  ...ANSWER_REASONS,
  no_next_turn: "the writer wrote no turn of the user",
  too_many_steps: "the model still calls tools after max_steps answers",
  identical_answers: "the chosen and the rejected answer are the same",
} as const;

export type Reason = keyof typeof REASONS;

/** Who answers: position in what is told of models. */
export type Role = "answer" | "writer" | "rejected";

/** What a row asks: its JSON as it is, and the first of its seeds. */
export type RowQuestion = {
  readonly messages: string | null;
  readonly tools: string | null;
  readonly system: string | null;
  readonly seed: number | null;
};

/** A call as a row's account has it. */
export type CallFacts = { readonly role: Role; readonly answer: Answer };

export type Outcome = {
  /** Values of the row's columns, by name; absent where it falls. */
  readonly columns: Readonly<Record<string, string | null>> | null;
  readonly drop: { readonly reason: Reason; readonly detail: string; readonly value: number | null } | null;
  readonly calls: readonly CallFacts[];
  /** Answers that were not good, the one that the row falls for among them. */
  readonly rejected: readonly { readonly reason: AnswerReason; readonly detail: string }[];
};

type Asking<Result> = Generator<readonly Call[], Result, readonly Answer[]>;

class Fallen extends Error {
  readonly reason: Reason;
  readonly value: number | undefined;

  constructor(reason: Reason, detail: string, value?: number) {
    super(detail);
    this.reason = reason;
    this.value = value;
  }
}

/** What the dialogues of a stage share. */
export interface DialogueKit {
  readonly tools: readonly ChatTool[];
  readonly languageOf: LanguageOf;
}

/** The dialogue of one row. */
export function* rowDialogue(row: RowQuestion, options: GenerateOptions, kit: DialogueKit): Dialogue {
  const asking = new RowAsking(row, options, kit);
  try {
    const columns = yield* asking.columns();
    return asking.outcome(columns, null);
  } catch (error) {
    if (error instanceof Fallen) {
      const { reason, message, value = null } = error;
      return asking.outcome(null, { reason, detail: message, value });
    }
    if (error instanceof BadRow)
      return asking.outcome(null, { reason: error.reason, detail: error.message, value: null });
    throw error;
  }
}

class RowAsking {
  readonly #row: RowQuestion;
  readonly #options: GenerateOptions;
  readonly #tools: readonly ChatTool[];
  readonly #languageOf: LanguageOf;
  readonly #calls: CallFacts[] = [];
  readonly #rejected: { reason: AnswerReason; detail: string }[] = [];
  #seeds = 0;

  constructor(row: RowQuestion, options: GenerateOptions, { tools, languageOf }: DialogueKit) {
    this.#row = row;
    this.#options = options;
    this.#tools = tools;
    this.#languageOf = languageOf;
  }

  outcome(columns: Outcome["columns"], drop: Outcome["drop"]): Outcome {
    return { columns, drop, calls: this.#calls, rejected: this.#rejected };
  }

  *columns(): Asking<Record<string, string | null>> {
    const { prompt, multi_turn, tool_loop, preference, into, messages } = this.#options;
    const [first, ...others] = promptsOf(turnsOf(this.#row.messages), prompt);
    if (preference !== undefined) return yield* this.#pair(first, preference.rejected);
    if (tool_loop !== undefined) return yield* this.#toolLoop(first, tool_loop);
    const said = yield* this.#answer("answer", this.#options, first);
    if (into !== undefined) return this.#intoColumn(into, said);
    let turns: Turns = [...first, this.#turnOf(said)];
    for (const next of others) turns = yield* this.#answered([...turns, ...next]);
    for (let written = 0; written < (multi_turn?.turns ?? 0) && multi_turn !== undefined; written++) {
      turns = yield* this.#answered([...turns, turn("user", yield* this.#nextTurn(multi_turn, turns))]);
    }
    return { [messages]: jsonText(turns) };
  }

  *#answered(turns: Turns): Asking<Turns> {
    return [...turns, this.#turnOf(yield* this.#answer("answer", this.#options, turns))];
  }

  #intoColumn(into: string, { text, reasoning }: Said): Record<string, string | null> {
    if (this.#options.reasoning === "apart") return { [into]: text, [`${into}_reasoning`]: reasoning ?? null };
    return { [into]: contentWith(text, reasoning, this.#options) };
  }

  *#pair(turns: Turns, other: ModelOptions): Asking<Record<string, string | null>> {
    const chosen = yield* this.#answer("answer", this.#options, turns);
    const rejected = yield* this.#answer("rejected", other, turns);
    if (chosen.text.trim() === rejected.text.trim()) throw new Fallen("identical_answers", excerpt(chosen.text));
    const of = (said: Said): string => jsonText([...turns, this.#turnOf(said)]);
    const user = turns.findLast((each) => each.get("role") === "user");
    return { chosen: of(chosen), rejected: of(rejected), prompt: contentOf(user) };
  }

  *#toolLoop(
    prompt: Turns,
    { tools: names, max_steps }: NonNullable<GenerateOptions["tool_loop"]>,
  ): Asking<Record<string, string | null>> {
    const tools = this.#tools.filter(({ name }) => names.includes(name)).map(schemaOf);
    let turns = prompt;
    let calls = 0;
    for (let step = 0; step < max_steps; step++) {
      const [answer] = yield* this.#ask("answer", this.#options, turns, 1, tools);
      const completion = completionIn(answer);
      if (isRejection(completion)) throw this.#fall(completion);
      if (completion.tool_calls.length === 0) {
        const said = judge(completion, this.#options, this.#languageOf);
        if (isRejection(said)) throw this.#fall(said);
        return {
          [this.#options.messages]: jsonText([...turns, this.#turnOf(said)]),
          tools: jsonText(tools),
        };
      }
      const results = yield completion.tool_calls.map(({ name, arguments: input }) => ({ tool: name, input }));
      // Servers make up ids of their own; rows have the same whoever answered.
      const first = calls;
      calls += completion.tool_calls.length;
      turns = [
        ...turns,
        this.#callTurn(completion, first),
        ...completion.tool_calls.map(({ name }, at) =>
          toolTurn(name, idOf(first + at), (results[at] as ToolResult).result),
        ),
      ];
    }
    throw new Fallen("too_many_steps", `${max_steps} answers`, max_steps);
  }

  *#nextTurn({ writer }: NonNullable<GenerateOptions["multi_turn"]>, turns: Turns): Asking<string> {
    const spoken = turns.filter((each) => each.get("role") === "user" || each.get("role") === "assistant");
    const prompt = writer.prompt.replace("{conversation}", () => transcript(spoken.map((each) => this.#plain(each))));
    const [answer] = yield* this.#ask("writer", writer, [turn("user", prompt)], 1, undefined, "");
    const completion = completionIn(answer);
    if (isRejection(completion)) throw this.#fall(completion);
    const said = judge(completion, { ...this.#options, validation: WRITER_VALIDATION }, this.#languageOf);
    if (isRejection(said)) throw new Fallen("no_next_turn", `${said.reason}${said.detail && `: ${said.detail}`}`);
    return said.text.trim();
  }

  /** A turn without the thinking that `inline` wrote into it. */
  #plain(each: JsonObject): JsonObject {
    const content = contentOf(each);
    const { close } = this.#options.think_tags;
    const end = each.get("role") === "assistant" ? content.indexOf(close) : -1;
    return end < 0 ? each : turn("assistant", content.slice(end + close.length).trimStart());
  }

  /** A good answer, the one that `choose` takes of `n`. The row falls where there is none. */
  *#answer(role: Role, model: ModelOptions, turns: Turns): Asking<Said> {
    const { n, choose: rule } = this.#options;
    const wanted = role === "rejected" ? 1 : n;
    const tools = toolsOf(this.#row.tools);
    const good: Said[] = [];
    let fallen: Fallen | undefined;
    for (let asked = 0; asked < wanted; ) {
      // The first good one is enough: the others are asked for when it takes them.
      const answers = yield* this.#ask(role, model, turns, rule === "first" ? 1 : wanted, tools);
      asked += answers.length;
      for (const answer of answers) {
        const completion = completionIn(answer);
        const said = isRejection(completion) ? completion : judge(completion, this.#options, this.#languageOf);
        if (!isRejection(said)) good.push(said);
        else fallen = this.#fall(said);
      }
      if (rule === "first" && good.length > 0) break;
    }
    const [first, ...others] = good;
    if (first !== undefined) return choose([first, ...others], rule);
    throw fallen ?? new Error("a row was asked for no answer");
  }

  /** `count` answers of a model to the same turns, each with a seed of its own. */
  *#ask(
    role: Role,
    { endpoint, ...model }: ModelOptions,
    turns: Turns,
    count: number,
    tools: readonly JsonValue[] | undefined,
    system = this.#options.system ?? this.#row.system ?? "",
  ): Asking<readonly ModelAnswer[]> {
    const calls = Array.from({ length: count }, (): Call => {
      const seed = this.#nextSeed();
      const body = requestBody({ endpoint, ...model }, turns, { system: system || undefined, tools, seed });
      return { endpoint, body };
    });
    const answers = yield calls;
    for (const answer of answers) this.#calls.push({ role, answer: factsOf(answer as ModelAnswer) });
    return answers as readonly ModelAnswer[];
  }

  #nextSeed(): number | undefined {
    const { seed } = this.#options;
    if (typeof seed === "number") return seed;
    return this.#row.seed === null ? undefined : (this.#row.seed + this.#seeds++) % 0x8000_0000;
  }

  #fall({ reason, detail, value }: Rejection): Fallen {
    this.#rejected.push({ reason, detail });
    return new Fallen(reason, detail, value);
  }

  #turnOf({ text, reasoning }: Said): JsonObject {
    if (reasoning === undefined || this.#options.reasoning === "inline")
      return turn("assistant", contentWith(text, reasoning, this.#options));
    return turn("assistant", text).set("reasoning_content", reasoning);
  }

  #callTurn(completion: Completion, first: number): JsonObject {
    const said = judge(completion, { ...this.#options, validation: CALL_VALIDATION }, this.#languageOf);
    const spoken = isRejection(said) ? { text: "" } : said;
    return this.#turnOf(spoken).set(
      "tool_calls",
      completion.tool_calls.map((call, at) => callOf(call, idOf(first + at))),
    );
  }
}

type Validation = GenerateOptions["validation"];
const WRITER_VALIDATION: Validation = { finish_reasons: ["stop"], think: "any", min_characters: 1, json: "any" };
const CALL_VALIDATION: Validation = { ...WRITER_VALIDATION, finish_reasons: ["stop", "tool_calls"] };

function contentWith(text: string, reasoning: string | undefined, { think_tags }: GenerateOptions): string {
  return reasoning === undefined ? text : joinThought(reasoning, text, think_tags);
}

/** What is kept of an answer for a row's account: its texts are not. */
function factsOf(answer: ModelAnswer): Answer {
  if (isUnanswered(answer) || isRefusal(answer)) return { failed: true };
  const { finish_reason, usage, model } = answer;
  return { finish_reason, usage, model, tokens: tokensOf(answer) };
}

function completionIn(answer: ModelAnswer | undefined): Completion | Rejection {
  if (answer === undefined) throw new Error("a call has no answer");
  if (isUnanswered(answer)) return { reason: "unanswered", detail: answer.unanswered };
  if (isRefusal(answer))
    return { reason: "refused", detail: `HTTP ${answer.status}: ${answer.message}`, value: answer.status };
  return answer;
}

function idOf(call: number): string {
  return `call_${call + 1}`;
}

function callOf({ name, arguments: input }: ToolCall, id: string): JsonObject {
  return new Map<string, JsonValue>([
    ["id", id],
    ["type", "function"],
    [
      "function",
      new Map<string, JsonValue>([
        ["name", name],
        ["arguments", input],
      ]),
    ],
  ]);
}

function toolTurn(name: string, id: string, content: string): JsonObject {
  return new Map<string, JsonValue>([
    ["role", "tool"],
    ["name", name],
    ["tool_call_id", id],
    ["content", content],
  ]);
}
