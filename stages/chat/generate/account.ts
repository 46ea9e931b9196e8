/**
 * What generation came to: calls, tokens and cost of each model, reasons to end, answers that were not good, with examples.
 *
 * Invariants: plain sums, so that it is the same for any number of workers; bounded, however many rows there are. It counts the calls whose answers
 * rows were made of: an attempt that failed is in none of it, since the server counted no tokens for it.
 */
import { addCount } from "../../../batch/entry.ts";
import type { Usage } from "../../../kernels/chat/completion.ts";
import type { StageState } from "../../define.ts";
import type { AnswerReason } from "./answer.ts";
import type { Outcome, Role } from "./forms.ts";
import type { GenerateOptions, ModelOptions } from "./options.ts";

/** Examples of each reason. */
const MAX_EXAMPLES = 5;
/** Names that servers give their models and their reasons; more of them are counted together. */
const MAX_NAMES = 16;
const MAX_NAME_CHARACTERS = 100;

export interface ModelAccount {
  readonly role: Role;
  readonly endpoint: string;
  readonly model: string;
  calls: number;
  /** Refused, or not answered in all attempts. */
  failed: number;
  /** Answers whose tokens the server did not count. */
  without_usage: number;
  prompt_tokens: number;
  completion_tokens: number;
  reasoning_tokens: number;
  cached_tokens: number;
  readonly prices: ModelOptions["prices"] | null;
  /** By the name that the server gives its model. */
  readonly served: Record<string, number>;
  readonly finish_reasons: Record<string, number>;
}

interface Example {
  readonly shard: string;
  /** Of the row in its shard: its byte, or its number, as its reader has it. */
  readonly position: number;
  readonly detail: string;
}

interface Rejected {
  count: number;
  readonly examples: Example[];
}

export interface Account {
  rows: number;
  kept: number;
  readonly seeds: string;
  readonly models: readonly ModelAccount[];
  /** Answers that were not good, by reason; a row may have several and be kept. */
  readonly rejected: Record<string, Rejected>;
}

export function newAccount(options: GenerateOptions): Account {
  const { multi_turn, preference } = options;
  return {
    rows: 0,
    kept: 0,
    seeds: seedRule(options),
    models: [
      modelAccount("answer", options),
      ...(multi_turn === undefined ? [] : [modelAccount("writer", multi_turn.writer)]),
      ...(preference === undefined ? [] : [modelAccount("rejected", preference.rejected)]),
    ],
    rejected: {},
  };
}

/** Counts a row. */
export function countRow(account: Account, outcome: Outcome, shard: string, position: number): void {
  account.rows++;
  if (outcome.drop === null) account.kept++;
  for (const { role, answer } of outcome.calls) {
    const model = account.models.find((each) => each.role === role);
    if (model === undefined) throw new Error(`a row was answered by ${role}, which is not there`);
    countCall(model, answer as CallAnswer);
  }
  for (const { reason, detail } of outcome.rejected) reject(account.rejected, reason, { shard, position, detail });
}

/** The sum of the accounts of spans, with what it cost. */
export function mergeAccounts(states: readonly StageState[]): StageState {
  const [first, ...others] = states as unknown as readonly Account[];
  if (first === undefined) return null;
  const sum = structuredClone(first) as Account;
  for (const account of others) {
    sum.rows += account.rows;
    sum.kept += account.kept;
    account.models.forEach((model, at) => {
      const into = sum.models[at];
      if (into !== undefined) addModel(into, model);
    });
    for (const [reason, { count, examples }] of Object.entries(account.rejected)) {
      const into = rejectedOf(sum.rejected, reason);
      into.count += count;
      into.examples.push(...examples.slice(0, MAX_EXAMPLES - into.examples.length));
    }
  }
  return stateOf(sum);
}

/** The account as plain data, with the cost of its tokens. */
export function stateOf(account: Account): StageState {
  const models = account.models.map((model) => ({ ...model, cost: costOf(model) }));
  return JSON.parse(JSON.stringify({ ...account, models })) as StageState;
}

function seedRule({ seed }: GenerateOptions): string {
  if (seed === "none") return "none";
  if (typeof seed === "number") return `${seed} for every call`;
  return "31 bits of the sha256 of the stage's seed, the shard's key and the row's position, plus the number of the row's call";
}

function modelAccount(role: Role, { endpoint, model, prices }: ModelOptions): ModelAccount {
  return {
    role,
    endpoint,
    model,
    calls: 0,
    failed: 0,
    without_usage: 0,
    prompt_tokens: 0,
    completion_tokens: 0,
    reasoning_tokens: 0,
    cached_tokens: 0,
    prices: prices ?? null,
    served: {},
    finish_reasons: {},
  };
}

type CallAnswer =
  | { readonly failed: true }
  | { readonly finish_reason: string; readonly usage: Usage | null; readonly model: string | null };

function countCall(account: ModelAccount, answer: CallAnswer): void {
  account.calls++;
  if ("failed" in answer) {
    account.failed++;
    return;
  }
  countName(account.served, answer.model ?? "unnamed");
  countName(account.finish_reasons, answer.finish_reason || "none");
  if (answer.usage === null) account.without_usage++;
  else for (const key of TOKENS) account[key] += answer.usage[key];
}

const TOKENS = ["prompt_tokens", "completion_tokens", "reasoning_tokens", "cached_tokens"] as const;

function addModel(into: ModelAccount, model: ModelAccount): void {
  for (const key of ["calls", "failed", "without_usage", ...TOKENS] as const) into[key] += model[key];
  for (const [name, count] of Object.entries(model.served)) countName(into.served, name, count);
  for (const [name, count] of Object.entries(model.finish_reasons)) countName(into.finish_reasons, name, count);
}

/** Names are the server's: there may be one an answer. */
function countName(counts: Record<string, number>, given: string, count = 1): void {
  const name = given.slice(0, MAX_NAME_CHARACTERS);
  const isNew = !Object.hasOwn(counts, name);
  addCount(counts, isNew && Object.keys(counts).length >= MAX_NAMES ? "others" : name, count);
}

function costOf({ prices, prompt_tokens, cached_tokens, completion_tokens }: ModelAccount): number | null {
  if (prices === null || prices === undefined) return null;
  const { prompt, completion, cached_prompt = prompt } = prices;
  return (
    ((prompt_tokens - cached_tokens) * prompt + cached_tokens * cached_prompt + completion_tokens * completion) / 1e6
  );
}

function reject(rejected: Account["rejected"], reason: AnswerReason, example: Example): void {
  const entry = rejectedOf(rejected, reason);
  entry.count++;
  if (entry.examples.length < MAX_EXAMPLES) entry.examples.push(example);
}

function rejectedOf(rejected: Account["rejected"], reason: string): Rejected {
  const entry = rejected[reason] ?? { count: 0, examples: [] };
  rejected[reason] = entry;
  return entry;
}
