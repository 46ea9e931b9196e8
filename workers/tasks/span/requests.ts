/**
 * Questions to the outside, asked for the rows of a span: with bounded concurrency and retries, and a journal of answers.
 *
 * The journal is a file of JSON lines that is only appended to, one answer a line with its question's key and a checksum, forced to the disk
 * before the rows go on. Invariant: a question that has been answered is never asked again, however often the span's pass is killed; a line that was
 * cut or changed is no answer. A run may have a budget of questions, which all workers draw from. Memory: the answers of the span.
 */
import { createHash } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import PQueue from "p-queue";
import type { Batch } from "../../../batch/batch.ts";
import type { Column } from "../../../batch/column.ts";
import { entryAt } from "../../../batch/entry.ts";
import { RunError } from "../../../batch/errors.ts";
import { canonicalJson } from "../../../kernels/json/canonical.ts";
import type { SourcePlan } from "../../../plan/plan.ts";
import { type Answer, type Drop, type Operator, type RequestOperator, RetryLater } from "../../../stages/define.ts";
import { spanFiles } from "../../../store/layout.ts";

/** Longest wait between two attempts. */
const MAX_RETRY_MS = 60_000;

export class Requests {
  readonly #path: string;
  readonly #source: SourcePlan;
  readonly #operators: readonly (Operator | undefined)[];
  /** Questions that the run may still ask: one counter for all threads. */
  readonly #budget: Int32Array | undefined;
  /** By key of the question; opened with the first question. */
  #answers: Map<string, Answer> | undefined;
  #journal = -1;
  readonly #abort = new AbortController();

  constructor(
    folder: string,
    span: number,
    source: SourcePlan,
    operators: readonly (Operator | undefined)[],
    budget?: SharedArrayBuffer,
  ) {
    this.#budget = budget && new Int32Array(budget);
    this.#path = join(folder, spanFiles.journal(span));
    this.#source = source;
    this.#operators = operators;
  }

  /** Asks what stage `stage` asks for the rows of `batch` that are alive, and lets it make columns of the answers. */
  async answer(stage: number, batch: Batch, drop: Drop): Promise<ReadonlyMap<string, Column>> {
    const operator = this.#operators[stage];
    if (operator?.kind !== "request") throw new Error("the stage is no request");
    const keys = await this.#ask(stage, operator, batch);
    const answers = this.#open();
    return operator.apply(
      batch,
      (row) => {
        const key = keys.get(row);
        return key === undefined ? undefined : answers.get(key);
      },
      drop,
    );
  }

  close(): void {
    this.#abort.abort();
    if (this.#journal >= 0) fs.closeSync(this.#journal);
    this.#journal = -1;
  }

  /** Gets every answer that is not in the journal. Returns the key of each row's question. */
  async #ask(stage: number, operator: RequestOperator, batch: Batch): Promise<ReadonlyMap<number, string>> {
    const { use, version } = entryAt(this.#source.stages, stage, "stage");
    const answers = this.#open();
    const keys = new Map<number, string>();
    const asked = new Map<string, Promise<void>>();
    const queue = new PQueue({ concurrency: operator.concurrency });
    let failed = false;
    batch.alive.forEach((row) => {
      const question = operator.question(batch, row);
      if (question === undefined) return;
      const key = createHash("sha256").update(canonicalJson({ use, version, question })).digest("hex");
      keys.set(row, key);
      if (answers.has(key) || asked.has(key)) return;
      const answered = queue.add(async () => {
        // What is out when a question fails is waited for and kept; nothing further is asked.
        if (failed) return;
        try {
          this.#spend(use);
          const answer = await this.#attempts(use, operator, question);
          answers.set(key, answer);
          this.#append(key, answer);
        } catch (error) {
          failed = true;
          throw error;
        }
      });
      asked.set(key, answered);
    });
    const settled = await Promise.allSettled(asked.values());
    if (asked.size > 0) fs.fsyncSync(this.#journal);
    const failure = settled.find((result) => result.status === "rejected");
    if (failure !== undefined) throw failure.reason;
    return keys;
  }

  /** Takes one question, however many attempts it needs, from the run's budget. */
  #spend(use: string): void {
    if (this.#budget === undefined || Atomics.sub(this.#budget, 0, 1) > 0) return;
    throw new RunError({
      code: "run/question-budget",
      what: `${use} has more questions than the run may ask`,
      why: "every answer so far is kept, and none of them is asked for again",
      fix: "run the same command again, with the same --max-questions for as many more, or without it",
    });
  }

  async #attempts(use: string, operator: RequestOperator, question: Answer): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await operator.ask(question, this.#abort.signal);
      } catch (error) {
        if (!(error instanceof RetryLater)) throw error;
        if (attempt >= operator.attempts) throw unanswered(use, operator.attempts, error);
        const wait = Math.min(MAX_RETRY_MS, operator.retry_ms * 2 ** (attempt - 1));
        await sleep(Math.max(error.after_ms, wait), undefined, { signal: this.#abort.signal });
      }
    }
  }

  #append(key: string, answer: Answer): void {
    const line = journalLine(key, answer);
    for (let at = 0; at < line.length; ) at += fs.writeSync(this.#journal, line, at);
  }

  /** The answers so far. Whatever follows the last whole line is cut off: it was being written when the pass was killed. */
  #open(): Map<string, Answer> {
    if (this.#answers !== undefined) return this.#answers;
    const answers = new Map<string, Answer>();
    const written = fs.existsSync(this.#path) ? fs.readFileSync(this.#path) : Buffer.alloc(0);
    const end = written.lastIndexOf(0x0a) + 1;
    for (const line of written.toString("utf8", 0, end).split("\n")) {
      const entry = parseLine(line);
      if (entry !== undefined) answers.set(...entry);
    }
    this.#journal = fs.openSync(this.#path, "a");
    fs.ftruncateSync(this.#journal, end);
    this.#answers = answers;
    return answers;
  }
}

/** A budget of `questions` for all threads of a run. */
export function questionBudget(questions: number): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  new Int32Array(buffer)[0] = Math.min(questions, 0x7fff_ffff);
  return buffer;
}

function checksum(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

function journalLine(key: string, answer: Answer): Buffer {
  const body = canonicalJson([key, answer]);
  return Buffer.from(`${checksum(body)} ${body}\n`);
}

function parseLine(line: string): readonly [string, Answer] | undefined {
  const body = line.slice(17);
  if (body === "" || checksum(body) !== line.slice(0, 16)) return undefined;
  return JSON.parse(body) as [string, Answer];
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
