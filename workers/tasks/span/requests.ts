/**
 * Questions to the outside, asked for the rows of a span: with bounded concurrency and retries, and a journal of answers.
 *
 * Rows are asked for some batches ahead of the one whose answers are made into columns, so that a slow answer holds up its own batch and nothing else.
 * Invariant: a question that has been answered is never asked again, however often the span's pass is killed. A run may have a budget of questions and
 * tokens, which all its threads draw from. Memory: batches of few rows, {@link MAX_AHEAD} of them, and the keys of their questions; answers lie in the
 * journal.
 */
import { createHash } from "node:crypto";
import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Batch } from "../../../batch/batch.ts";
import type { Column } from "../../../batch/column.ts";
import { entryAt } from "../../../batch/entry.ts";
import { RunError } from "../../../batch/errors.ts";
import { canonicalJson } from "../../../kernels/json/canonical.ts";
import type { PassPlan, SourcePlan } from "../../../plan/plan.ts";
import {
  type Answer,
  type Dialogue,
  type Drop,
  type Operator,
  type RequestOperator,
  RetryLater,
  type StageState,
} from "../../../stages/define.ts";
import type { RequestBudget } from "../../request-budget.ts";
import { Journal } from "./journal.ts";
import { REQUEST_ROWS, requestBatches } from "./request-rows.ts";
import { Turns } from "./turns.ts";

/** Longest wait between two attempts. */
const MAX_RETRY_MS = 60_000;
/** Batches that are asked for besides those that concurrency needs. */
const MAX_AHEAD = 4;

/** A batch whose rows are asked for. */
interface AskedBatch {
  readonly batch: Batch;
  /** Keys of each row's questions, in the order that they were asked in. */
  readonly keys: Map<number, string[]>;
  readonly done: Promise<void>;
  isDone: boolean;
}

export class Requests {
  readonly #journal: Journal;
  readonly #use: string;
  readonly #version: number;
  readonly #operator: RequestOperator | undefined;
  readonly #budget: RequestBudget;
  readonly #abort = new AbortController();
  /** Ends waits for another attempt when the span fails. */
  readonly #giveUp = new AbortController();
  readonly #asked = new Map<Batch, AskedBatch>();
  /** By key: questions that are out. */
  readonly #out = new Map<string, Promise<Answer>>();
  readonly #rows: Turns;
  readonly #calls: Turns;
  #failure: { readonly error: unknown; readonly batch: Batch } | undefined;

  /** `path` is where the journal of the span lies. */
  constructor(
    path: string,
    { stages }: SourcePlan,
    pass: PassPlan,
    operators: readonly (Operator | undefined)[],
    budget: RequestBudget,
  ) {
    // A request begins a pass of its own.
    const operator = operators[pass.first];
    const { use, version } = stages[pass.first] ?? { use: "", version: 0 };
    this.#use = use;
    this.#version = version;
    this.#journal = new Journal(path);
    this.#operator = operator?.kind === "request" ? operator : undefined;
    this.#budget = budget;
    // Every call that is out listens to them.
    setMaxListeners(0, this.#abort.signal, this.#giveUp.signal);
    const { concurrency = 1 } = this.#operator ?? {};
    this.#rows = new Turns(concurrency);
    this.#calls = new Turns(concurrency);
  }

  /** The rows of `batches`, as they are where nothing is asked; else in small batches, each when its questions are answered. */
  async *ahead(
    batches: AsyncIterable<Batch> | Iterable<Batch>,
    prepare: (batch: Batch) => void,
  ): AsyncGenerator<Batch> {
    const operator = this.#operator;
    if (operator === undefined) {
      for await (const batch of batches) {
        prepare(batch);
        yield batch;
      }
      return;
    }
    const source = smallBatches(batches, prepare);
    const queue: AskedBatch[] = [];
    const most = MAX_AHEAD + Math.ceil((2 * operator.concurrency) / REQUEST_ROWS);
    for (let isOver = false; ; ) {
      while (
        !isOver &&
        this.#failure === undefined &&
        queue.length < most &&
        this.#rows.waiting < operator.concurrency
      ) {
        const next = await source.next();
        if (next.done === true) isOver = true;
        else queue.push(this.#ask(operator, next.value));
      }
      const [head] = queue;
      if (head === undefined) break;
      // More may be read when half of the waiting rows have had their turn, before the head is done.
      if (!head.isDone)
        await Promise.race([
          head.done,
          ...(isOver || queue.length >= most ? [] : [this.#rows.fewWaiting(operator.concurrency / 2)]),
        ]);
      if (this.#failure !== undefined) {
        await Promise.all(queue.map(({ done }) => done));
        // The stage throws what went wrong, and says with which rows.
        yield this.#failure.batch;
      }
      if (!head.isDone) continue;
      queue.shift();
      yield head.batch;
      this.#asked.delete(head.batch);
    }
    this.#journal.flush();
  }

  /** Lets the stage make columns of the answers for `batch`, which came from {@link ahead}. */
  answer(batch: Batch, drop: Drop): ReadonlyMap<string, Column> {
    const operator = this.#operator;
    const asked = this.#asked.get(batch);
    if (operator === undefined || asked === undefined) throw new Error("the stage is no request");
    if (this.#failure !== undefined) throw this.#failure.error;
    return operator.apply(
      batch,
      (row) => {
        const keys = asked.keys.get(row);
        return keys === undefined ? undefined : this.#answerOf(operator, batch, row, keys);
      },
      drop,
    );
  }

  /** The stage that asks, undefined where none does. */
  get asks(): string | undefined {
    return this.#operator && this.#use;
  }

  close(): void {
    this.#abort.abort();
    this.#giveUp.abort();
    this.#journal.close();
  }

  /** Has every row of `batch` asked for, as turns come. */
  #ask(operator: RequestOperator, batch: Batch): AskedBatch {
    const keys = new Map<number, string[]>();
    const rows: Promise<void>[] = [];
    batch.alive.forEach((row) => {
      const question = operator.question(batch, row);
      if (question === undefined) return;
      const own: string[] = [];
      keys.set(row, own);
      rows.push(this.#rows.within(() => this.#askRow(operator, batch, question, own)));
    });
    const asked: AskedBatch = {
      batch,
      keys,
      isDone: rows.length === 0,
      done: Promise.all(rows).then(() => {
        asked.isDone = true;
      }),
    };
    this.#asked.set(batch, asked);
    return asked;
  }

  /** What is out when a question fails is waited for and kept; nothing further is asked. Never throws: see `#failure`. */
  async #askRow(operator: RequestOperator, batch: Batch, question: StageState, keys: string[]): Promise<void> {
    if (this.#failure !== undefined) return;
    try {
      const dialogue = dialogueOf(operator, question);
      for (let step = dialogue.next(); step.done !== true; ) {
        const answers: Promise<Answer>[] = [];
        for (const asked of step.value) {
          const key = this.#keyOf(asked);
          keys.push(key);
          answers.push(this.#answered(operator, batch, key, asked));
        }
        const settled = await Promise.allSettled(answers);
        const values = settled.map((result) => {
          if (result.status === "rejected") throw result.reason;
          return result.value;
        });
        step = dialogue.next(values);
      }
    } catch (error) {
      this.#fail(error, batch);
    }
  }

  #fail(error: unknown, batch: Batch): void {
    this.#failure ??= { error, batch };
    this.#giveUp.abort();
  }

  /** The answer from the journal, or from outside. */
  #answered(operator: RequestOperator, batch: Batch, key: string, question: StageState): Promise<Answer> {
    const known = this.#journal.get(key);
    if (known !== undefined) return Promise.resolve(known);
    const out = this.#out.get(key);
    if (out !== undefined) return out;
    const asking = this.#calls
      .within(async () => {
        if (this.#failure !== undefined) throw this.#failure.error;
        this.#spend();
        const answer = await this.#attempts(operator, question);
        this.#journal.append(key, answer);
        this.#budget.spend(operator.tokens?.(answer) ?? 0);
        return answer;
      })
      .catch((error: unknown) => {
        this.#fail(error, batch);
        throw error;
      })
      .finally(() => this.#out.delete(key));
    this.#out.set(key, asking);
    return asking;
  }

  /** Goes through a row's dialogue once more, with the answers of the journal. */
  #answerOf(operator: RequestOperator, batch: Batch, row: number, keys: readonly string[]): Answer {
    const kept = (key: string): Answer => {
      const answer = this.#journal.get(key);
      if (answer !== undefined) return answer;
      throw new RunError({
        code: "run/journal",
        what: `an answer to ${this.#use} is no longer in its journal`,
        why: "somebody has changed or removed the file while the run was at it",
        fix: "run the same command again: what is missing is asked for again",
      });
    };
    const question = operator.question(batch, row);
    if (question === undefined) throw new Error(`${this.#use} asked for a row, and asks no more`);
    const dialogue = dialogueOf(operator, question);
    let at = 0;
    for (let step = dialogue.next(); ; ) {
      if (step.done === true) return step.value;
      const from = at;
      at += step.value.length;
      step = dialogue.next(keys.slice(from, at).map(kept));
    }
  }

  #keyOf(question: StageState): string {
    return createHash("sha256")
      .update(canonicalJson({ use: this.#use, version: this.#version, question }))
      .digest("hex");
  }

  /** Takes one question, however many attempts it needs, from the run's budget. */
  #spend(): void {
    const refused = this.#budget.take();
    if (refused === undefined) return;
    if (refused === "stopped") {
      throw new RunError({
        code: "run/interrupted",
        what: "the run was stopped while it asked outside",
        why: "every answer so far is kept, and none of them is asked for again",
        fix: "run the same command again to go on",
      });
    }
    throw new RunError({
      code: "run/request-budget",
      what: `${this.#use} has more questions than the run may ${refused === "tokens" ? "spend tokens on" : "ask"}`,
      why: "every answer so far is kept, and none of them is asked for again",
      fix: `run the same command again, with the same ${refused === "tokens" ? "--max-tokens" : "--max-requests"} for as many more, or without it`,
    });
  }

  async #attempts(operator: RequestOperator, question: StageState): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await operator.ask(question, this.#abort.signal);
      } catch (error) {
        if (!(error instanceof RetryLater)) throw error;
        if (attempt >= operator.attempts) {
          const answer = operator.unanswered?.(question, error);
          if (answer !== undefined) return answer;
          throw unanswered(this.#use, operator.attempts, error);
        }
        if (this.#failure !== undefined) throw error;
        // Those that failed together do not come back together.
        const wait = Math.min(MAX_RETRY_MS, operator.retry_ms * 2 ** (attempt - 1)) * (1 - Math.random() / 2);
        await sleep(Math.max(error.after_ms, wait), undefined, { signal: this.#giveUp.signal });
      }
    }
  }
}

async function* smallBatches(
  batches: AsyncIterable<Batch> | Iterable<Batch>,
  prepare: (batch: Batch) => void,
): AsyncGenerator<Batch> {
  for await (const whole of batches) {
    for (const batch of requestBatches(whole)) {
      prepare(batch);
      yield batch;
    }
  }
}

function dialogueOf(operator: RequestOperator, question: StageState): Dialogue {
  return operator.dialogue?.(question) ?? single(question);
}

function* single(question: StageState): Dialogue {
  const answers = yield [question];
  return entryAt(answers, 0, "answer");
}

function unanswered(use: string, attempts: number, cause: RetryLater): RunError {
  return new RunError(
    {
      code: "run/unanswered",
      what: `${use} got no answer in ${attempts} attempts: ${cause.message}`,
      why: "rows without their answer cannot go on; every answer so far is kept",
      fix: "run the same command again when the other side answers: it goes on where it stopped",
    },
    { cause },
  );
}
