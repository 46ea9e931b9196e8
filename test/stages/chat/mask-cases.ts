/** Holds chat/render and tokenize/bpe together against what transformers and TRL make of the same conversations. */
import { Batch } from "../../../batch/batch.ts";
import { Utf8Builder } from "../../../batch/builder.ts";
import type { Column, TokenListColumn } from "../../../batch/column.ts";
import { isJsonList, type JsonObject, type JsonValue, jsonText, parseJson } from "../../../kernels/json/value.ts";
import render from "../../../stages/chat/render.ts";
import type { Assets } from "../../../stages/define.ts";
import tokenize from "../../../stages/tokenize/bpe.ts";
import { LOCAL_ASSETS } from "../local-assets.ts";

export interface MaskTemplate {
  readonly name: string;
  readonly shipped: string | null;
  readonly text: string | null;
  readonly tokenizer: string;
  readonly special_tokens: Readonly<Record<string, string>> | null;
}

/** `messages`, `tools` and `chat_template_kwargs`, with every digit. */
export type MaskChat = JsonObject;

/** The conversations of a file that has them under `chats`. */
export function chatsIn(text: string): readonly MaskChat[] {
  const file = parseJson(text);
  const chats = file instanceof Map ? (file.get("chats") ?? null) : null;
  if (chats === null || !isJsonList(chats)) throw new Error("the file has no conversations");
  return chats.flatMap((chat) => (chat instanceof Map ? [chat] : []));
}

export interface MaskRow {
  readonly error?: string;
  readonly text?: string;
  readonly ids?: readonly number[];
  readonly mask?: readonly number[];
  readonly pair?: {
    readonly error?: string;
    readonly rejected?: unknown;
    readonly chosen_ids?: readonly number[];
    readonly rejected_ids?: readonly number[];
    readonly prompt_length?: number;
  };
}

/** A row as it came out, or the reason it died of. */
export interface Outcome {
  readonly text: string;
  readonly ids: readonly number[];
  readonly mask: readonly number[];
  readonly dropped?: string;
}

type RenderOptions = Readonly<Record<string, unknown>>;

/** What renders and tokenizes conversations with one template and tokenizer. */
export class MaskRunner {
  readonly tokenizer: string;
  /** Each file once, so that its tokenizer is opened once. */
  readonly #files = new Map<string, Uint8Array>();
  readonly #assets: Assets = {
    ...LOCAL_ASSETS,
    bytes: (ref) => {
      const known = this.#files.get(ref.asset) ?? LOCAL_ASSETS.bytes(ref).slice();
      this.#files.set(ref.asset, known);
      return known;
    },
  };
  readonly #options: RenderOptions;
  readonly #tokenize: ReturnType<typeof tokenize.create>;
  readonly #renderers = new Map<string, ReturnType<typeof render.create>>();

  /** @param eos any special token of the tokenizer: none is appended */
  constructor(template: MaskTemplate, tokenizer: string, eos: string, date: string) {
    this.tokenizer = tokenizer;
    this.#options = {
      template: template.shipped ?? `data:,${encodeURIComponent(template.text ?? "")}`,
      date,
      special_tokens: template.special_tokens ?? {},
    };
    const options = { file: tokenizer, eos, special_tokens: "parse", append_eos: "never" };
    this.#tokenize = tokenize.create(tokenize.options.parse(options), { assets: this.#assets, seed: [0, 0] });
  }

  run(columns: Readonly<Record<string, JsonValue | undefined>>, more: RenderOptions = {}): Outcome {
    const batch = batchOf(columns);
    let dropped = "";
    const drop = (row: number, reason: string, _value?: number, detail?: string) => {
      if (!batch.alive.has(row)) return;
      dropped = `${reason}: ${detail ?? ""}`;
      batch.alive.clear(row);
    };
    for (const operator of [this.#renderer(more), this.#tokenize]) {
      const made = operator.kind === "transform" ? operator.apply(batch, drop) : new Map<string, Column>();
      for (const [name, column] of made) batch.setColumn(name, column);
    }
    const tokens = batch.column("tokens") as TokenListColumn;
    const text = Buffer.from(batch.text.data.subarray(0, batch.text.offsets[1])).toString();
    return { text, ids: [...tokens.values], mask: [...(tokens.loss ?? [])], ...(dropped !== "" && { dropped }) };
  }

  #renderer(more: RenderOptions) {
    const key = JSON.stringify(more);
    const known = this.#renderers.get(key);
    if (known !== undefined) return known;
    const options = render.options.parse({ ...this.#options, ...more });
    const made = render.create(options, { assets: this.#assets, seed: [0, 0] });
    this.#renderers.set(key, made);
    return made;
  }
}

function batchOf(columns: Readonly<Record<string, JsonValue | undefined>>): Batch {
  const made = Object.entries(columns).flatMap(([name, value]): (readonly [string, Column])[] => {
    if (value === undefined) return [];
    const builder = new Utf8Builder();
    builder.appendString(typeof value === "string" ? value : jsonText(value));
    return [[name, builder.finish()]];
  });
  const batch = new Batch({
    source: "test",
    shards: new Int32Array(1),
    rowsInShard: new Int32Array(1),
    columns: made,
  });
  batch.numberFrom(0);
  batch.nameShards(["shard"]);
  return batch;
}

/** Where ours and theirs differ, in words; undefined where they do not. A row that dies with a reason of the mask is told apart. */
export function maskDifference(runner: MaskRunner, chat: MaskChat, row: MaskRow): string | undefined {
  const [messages, tools] = [chat.get("messages"), chat.get("tools")];
  const shared = { text: "", tools, chat_template_kwargs: chat.get("chat_template_kwargs") };
  const ours = runner.run({ ...shared, messages });
  if (row.error !== undefined) return ours.dropped === undefined ? "theirs is an error, ours is none" : undefined;
  const problem = differenceOf(ours, row.text, row.ids, row.mask);
  if (problem !== undefined || row.pair?.chosen_ids === undefined) return problem;
  const rejected = parseJson(JSON.stringify(row.pair.rejected));
  const { chosen_ids = [], rejected_ids = [], prompt_length = 0 } = row.pair;
  for (const [conversation, ids] of [
    ["chosen", chosen_ids],
    ["rejected", rejected_ids],
  ] as const) {
    const made = runner.run({ ...shared, chosen: messages, rejected }, { conversation, tokenizer: runner.tokenizer });
    const mask = ids.map((_, i) => Number(i >= prompt_length));
    const different = differenceOf(made, undefined, ids, mask);
    if (different !== undefined) return `${conversation}: ${different}`;
  }
  return undefined;
}

function differenceOf(
  ours: Outcome,
  text: string | undefined,
  ids: readonly number[] = [],
  mask: readonly number[] = [],
): string | undefined {
  if (ours.dropped !== undefined) return `dropped ${ours.dropped}`;
  if (text !== undefined && ours.text !== text) return `text ${JSON.stringify(ours.text)} and ${JSON.stringify(text)}`;
  if (String(ours.ids) !== String(ids)) return `ids ${ours.ids} and ${ids}`;
  const at = mask.findIndex((trained, i) => trained !== ours.mask[i]);
  return at === -1 ? undefined : `mask at token ${at}: ${ours.mask[at]} and ${mask[at]}`;
}
