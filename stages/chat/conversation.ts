/**
 * Conversations as stages of chats see them: lists of messages, each with a role and a content.
 *
 * Invariant: what comes out of {@link messagesIn} has a role in every message and a content that is a text or, in a turn of tool calls alone, null;
 * every other row falls for {@link BAD_MESSAGES}. Messages are never changed in place: {@link withEntries} gives a new one.
 */
import type { Batch } from "../../batch/batch.ts";
import { Utf8Builder } from "../../batch/builder.ts";
import type { Column, Utf8Column } from "../../batch/column.ts";
import { isJsonList, JsonError, type JsonObject, type JsonValue } from "../../kernels/json/value.ts";
import { type Drop, type StageState, type TransformOperator, transform } from "../define.ts";
import { type JsonCell, JsonColumn, JsonRows } from "./json-rows.ts";

export type Message = JsonObject;
export type Messages = readonly Message[];

/** The reason that every stage of chats declares. */
export const BAD_MESSAGES = {
  bad_messages: "messages is no list of messages with a role and a content: chat/messages makes one of other forms",
};

/** Why a row has no messages, in words. */
export class NoMessages {
  readonly detail: string;

  constructor(detail: string) {
    this.detail = detail;
  }
}

/** The messages of a row, or why it has none. */
export function messagesIn(cell: JsonCell): Messages | NoMessages {
  if (cell instanceof JsonError) return new NoMessages(cell.message);
  if (cell === null) return new NoMessages("no value");
  if (!isJsonList(cell)) return new NoMessages("no list");
  if (cell.length === 0) return new NoMessages("an empty list");
  for (const [turn, message] of cell.entries()) {
    if (!(message instanceof Map)) return new NoMessages(`turn ${turn} is no object`);
    if (typeof message.get("role") !== "string") return new NoMessages(`turn ${turn} has no role`);
    const content = message.get("content");
    const isText = typeof content === "string" || (content === null && toolCallsOf(message).length > 0);
    if (!isText) return new NoMessages(`turn ${turn} has no content that is a text`);
  }
  // Every entry was seen to be one.
  return cell as Messages;
}

export function roleOf(message: Message): string {
  return textAt(message, "role") ?? "";
}

/** The text of a message, empty where it has none. */
export function contentOf(message: Message): string {
  return textAt(message, "content") ?? "";
}

/** The text under `key`, undefined where there is none. */
export function textAt(message: Message, key: string): string | undefined {
  const value = message.get(key);
  return typeof value === "string" ? value : undefined;
}

/** `tool_calls` as a list, empty where there is none. */
export function toolCallsOf(message: Message): readonly JsonValue[] {
  const calls = message.get("tool_calls");
  return calls !== undefined && isJsonList(calls) ? calls : [];
}

/** `message` with `entries` put in, or taken out where they are undefined; others keep their order. */
export function withEntries(message: Message, entries: Readonly<Record<string, JsonValue | undefined>>): Message {
  const changed: Message = new Map(message);
  for (const [key, value] of Object.entries(entries)) {
    if (value === undefined) changed.delete(key);
    else changed.set(key, value);
  }
  return changed;
}

/** The messages of a batch. `detail` of a row that has none is a verdict's. */
export class Conversations {
  readonly #rows: JsonRows;

  constructor(batch: Batch, column = "messages") {
    this.#rows = new JsonRows(batch, column);
  }

  read(row: number): Messages | NoMessages {
    return messagesIn(this.#rows.read(row));
  }
}

/** Calls `visit` for every living row with its messages; drops those that have none. */
export function forEachConversation(
  batch: Batch,
  drop: Drop<"bad_messages">,
  visit: (messages: Messages, row: number) => void,
): void {
  const conversations = new Conversations(batch);
  batch.alive.forEach((row) => {
    const messages = conversations.read(row);
    if (messages instanceof NoMessages) drop(row, "bad_messages", undefined, messages.detail);
    else visit(messages, row);
  });
}

/** Why a row goes. */
export class Fault<Reason extends string = string> {
  readonly reason: Reason;
  readonly detail: string | undefined;
  readonly value: number | undefined;

  constructor(reason: Reason, detail?: string, value?: number) {
    this.reason = reason;
    this.detail = detail;
    this.value = value;
  }
}

/** What a stage makes of a row: the values of its columns by name, or why the row goes. A column of texts takes texts. */
export type Made<Reason extends string> = Readonly<Record<string, JsonValue | undefined>> | Fault<Reason>;

/** A column of JSON or of texts. */
export interface MadeColumn {
  readonly name: string;
  readonly kind: "json" | "utf8";
}

/**
 * A stage that makes columns of each conversation. `open` is given a batch and returns what works on its rows. A row without messages falls for
 * `bad_messages`.
 */
export function conversationTransform<Reason extends string>(
  columns: readonly MadeColumn[],
  open: (batch: Batch) => (messages: Messages, row: number) => Made<Reason>,
  finish?: () => StageState,
  column = "messages",
): TransformOperator {
  return transform<Reason | "bad_messages">((batch, drop) => {
    const make = open(batch);
    const conversations = new Conversations(batch, column);
    return madeColumns(batch, columns, drop, (row) => {
      const messages = conversations.read(row);
      if (messages instanceof NoMessages) return new Fault("bad_messages", messages.detail);
      return make(messages, row);
    });
  }, finish && { finish });
}

/** Columns of what `make` says of each living row; rows with a fault are dropped. */
export function madeColumns<Reason extends string>(
  batch: Batch,
  made: readonly MadeColumn[],
  drop: Drop<Reason>,
  make: (row: number) => Made<Reason>,
): ReadonlyMap<string, Column> {
  const columns = made.map(({ name, kind }) => {
    const before = batch.column(name);
    const texts = before?.kind === "utf8" ? before : undefined;
    return { name, column: kind === "json" ? new JsonColumn(batch.rows, texts) : new TextColumn(batch.rows) };
  });
  for (let row = 0; row < batch.rows; row++) {
    const values = batch.alive.has(row) ? make(row) : {};
    if (values instanceof Fault) drop(row, values.reason, values.value, values.detail);
    for (const { name, column } of columns) column.add(values instanceof Fault ? undefined : values[name]);
  }
  return new Map(columns.map(({ name, column }) => [name, column.finish()]));
}

class TextColumn {
  readonly #builder: Utf8Builder;

  constructor(rows: number) {
    this.#builder = new Utf8Builder(1 << 12, rows);
  }

  add(value: JsonValue | undefined): void {
    if (typeof value === "string") this.#builder.appendString(value);
    else this.#builder.appendNull();
  }

  finish(): Utf8Column {
    return this.#builder.finish();
  }
}
