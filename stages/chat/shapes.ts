/**
 * The forms in which data sets hold conversations, as turns of one form.
 *
 * Owns where the turns of a row are: in a list, in columns, in a tree of replies, in one text with marks. Says nothing of what the turns are worth.
 * Invariant: turns come in the order in which they were said.
 */
import type { Batch } from "../../batch/batch.ts";
import { isJsonList, JsonError, type JsonValue } from "../../kernels/json/value.ts";
import { Fault } from "./conversation.ts";
import { JsonRows, TextRows } from "./json-rows.ts";

/** A turn as a data set has it. */
export interface RawTurn {
  readonly role: JsonValue | undefined;
  readonly content: JsonValue | undefined;
  /** The object that it stands in, for further keys. */
  readonly from?: ReadonlyMap<string, JsonValue>;
}

export const SHAPES = [
  "openai",
  "sharegpt",
  "prompt-completion",
  "question-answer",
  "alpaca",
  "columns",
  "tree",
  "glaive",
] as const;
export type Shape = (typeof SHAPES)[number];

/** Reasons of rows whose turns cannot be found. */
export const SHAPE_REASONS = {
  no_conversation: "the row has no value where its turns should be",
  not_json: "the column of turns holds no JSON",
  lone_surrogate: "a text holds half of a surrogate pair, which UTF-8 cannot say",
  not_a_list: "the turns are no list",
  not_a_turn: "a turn is no object",
};
export type ShapeReason = keyof typeof SHAPE_REASONS;

/** Where the turns of a row are. Names of columns are undefined where a form has none. */
export interface ShapeColumns {
  readonly shape: Shape;
  /** Lists of turns, one behind the other; of a tree its root or its replies. */
  readonly lists: readonly string[];
  readonly system: string | undefined;
  readonly user: readonly string[];
  readonly assistant: string | undefined;
  readonly reasoning: string | undefined;
  /** Between the texts of several columns of the user. */
  readonly joiner: string;
  readonly roleKey: string;
  readonly contentKey: string;
}

/** What finds the turns of a batch's rows. */
export type FindTurns = (row: number) => readonly RawTurn[] | Fault<ShapeReason>;

/** What is in columns by default, by form. */
export const SHAPE_DEFAULTS: Readonly<
  Record<Shape, { lists?: string[]; user?: string[]; assistant?: string; system?: string; keys?: [string, string] }>
> = {
  openai: { lists: ["messages"], keys: ["role", "content"] },
  sharegpt: { lists: ["conversations"], keys: ["from", "value"] },
  "prompt-completion": { user: ["prompt"], assistant: "completion" },
  "question-answer": { user: ["question"], assistant: "answer" },
  alpaca: { user: ["instruction", "input"], assistant: "output" },
  columns: {},
  tree: { lists: ["prompt"], keys: ["role", "text"] },
  glaive: { user: ["chat"], system: "system" },
};

export function openShape(batch: Batch, columns: ShapeColumns): FindTurns {
  const system = columns.system === undefined ? undefined : new TextRows(batch, columns.system);
  const find = openTurns(batch, columns);
  return (row) => {
    const turns = find(row);
    if (turns instanceof Fault) return turns;
    const prompt = system?.read(row) ?? "";
    const text = columns.shape === "glaive" ? prompt.replace(/^\s*SYSTEM:\s*/, "").trimEnd() : prompt;
    return text.trim() === "" ? turns : [{ role: "system", content: text }, ...turns];
  };
}

function openTurns(batch: Batch, columns: ShapeColumns): FindTurns {
  const lists = columns.lists.map((name) => ({ name, rows: new JsonRows(batch, name) }));
  const inColumns = openColumns(batch, columns);
  const hasColumns = columns.user.length > 0 || columns.assistant !== undefined;
  if (columns.shape === "glaive") return marked(new TextRows(batch, columns.user[0] ?? ""));
  if (columns.shape === "tree") return tree(lists, inColumns, columns);
  return (row) => {
    const turns: RawTurn[] = [];
    for (const { name, rows } of lists) {
      const cell = rows.read(row);
      const found = listOf(cell, name);
      if (found instanceof Fault) return found;
      for (const turn of found) {
        if (!(turn instanceof Map)) return new Fault("not_a_turn", `turn ${turns.length} of ${name}`, turns.length);
        turns.push({ role: turn.get(columns.roleKey), content: turn.get(columns.contentKey), from: turn });
      }
    }
    if (hasColumns) turns.push(...inColumns(row));
    return turns;
  };
}

function listOf(cell: ReturnType<JsonRows["read"]>, name: string): readonly JsonValue[] | Fault<ShapeReason> {
  if (cell instanceof JsonError) return faultOf(cell, name);
  if (cell === null) return new Fault("no_conversation", name);
  return isJsonList(cell) ? cell : new Fault("not_a_list", name);
}

function faultOf(error: JsonError, name: string): Fault<ShapeReason> {
  return new Fault(error.kind === "lone_surrogate" ? "lone_surrogate" : "not_json", `${name}: ${error.message}`);
}

/** A question of some columns and an answer of another. A column without a value is a turn without content. */
function openColumns(
  batch: Batch,
  { user, assistant, reasoning, joiner }: ShapeColumns,
): (row: number) => readonly RawTurn[] {
  const questions = user.map((name) => new TextRows(batch, name));
  const answers = assistant === undefined ? undefined : new TextRows(batch, assistant);
  const traces = reasoning === undefined ? undefined : new TextRows(batch, reasoning);
  return (row) => {
    const turns: RawTurn[] = [];
    if (questions.length > 0) {
      const [first, ...others] = questions.map((column) => column.read(row));
      const more = others.filter((text) => text !== undefined && text.trim() !== "");
      turns.push({ role: "user", content: first === undefined ? null : [first, ...more].join(joiner) });
    }
    if (answers === undefined) return turns;
    const trace = traces?.read(row);
    const from = trace === undefined ? undefined : new Map([["reasoning_content", trace]]);
    turns.push({ role: "assistant", content: answers.read(row) ?? null, ...(from && { from }) });
    return turns;
  };
}

const MARK = /(?:^|\n)\s*(USER|ASSISTANT|FUNCTION RESPONSE): ?/g;
const END_MARK = "<|endoftext|>";
const MARK_ROLES: Readonly<Record<string, string>> = {
  USER: "user",
  ASSISTANT: "assistant",
  "FUNCTION RESPONSE": "tool",
};

/** One text with a mark in front of each turn, as Glaive's function calls have it. */
function marked(texts: TextRows): FindTurns {
  return (row) => {
    const text = texts.read(row);
    if (text === undefined) return new Fault("no_conversation", "the text of turns");
    const marks = [...text.matchAll(MARK)];
    if (text.slice(0, marks[0]?.index ?? text.length).trim() !== "") {
      return new Fault("not_a_turn", "the text does not begin with a turn", 0);
    }
    return marks.map((mark, turn) => ({
      role: MARK_ROLES[mark[1] ?? ""],
      content: text
        .slice(mark.index + mark[0].length, marks[turn + 1]?.index ?? text.length)
        .replaceAll(END_MARK, "")
        .trim(),
    }));
  };
}

/** The best-ranked reply of each message, from the root on. A list in its place is the replies to the user's column. */
function tree(
  lists: readonly { readonly name: string; readonly rows: JsonRows }[],
  inColumns: (row: number) => readonly RawTurn[],
  { roleKey, contentKey }: ShapeColumns,
): FindTurns {
  return (row) => {
    const turns: RawTurn[] = [...inColumns(row)];
    for (const { name, rows } of lists) {
      const cell = rows.read(row);
      if (cell instanceof JsonError) return faultOf(cell, name);
      if (cell === null) return new Fault("no_conversation", name);
      let message = isJsonList(cell) ? bestOf(cell) : cell;
      while (message !== undefined) {
        if (!(message instanceof Map)) return new Fault("not_a_turn", `turn ${turns.length} of ${name}`, turns.length);
        turns.push({ role: message.get(roleKey), content: message.get(contentKey) });
        const replies: JsonValue = message.get("replies") ?? [];
        if (!isJsonList(replies)) return new Fault("not_a_list", `the replies to turn ${turns.length - 1} of ${name}`);
        message = bestOf(replies);
      }
    }
    return turns;
  };
}

/** The reply of the lowest rank that is not deleted, the first among equals; those without a rank come last. */
function bestOf(replies: readonly JsonValue[]): JsonValue | undefined {
  let best: JsonValue | undefined;
  let bestRank = Number.POSITIVE_INFINITY;
  for (const reply of replies) {
    const isDeleted = reply instanceof Map && reply.get("deleted") === true;
    if (isDeleted) continue;
    const rank = reply instanceof Map ? reply.get("rank") : undefined;
    const value = typeof rank === "number" ? rank : Number.MAX_SAFE_INTEGER;
    if (best === undefined || value < bestRank) {
      best = reply;
      bestRank = value;
    }
  }
  return best;
}
