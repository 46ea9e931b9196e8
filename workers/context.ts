/**
 * What a worker thread keeps between tasks: the plan, the open environment, and operators built once.
 *
 * Invariant: an operator holds nothing about the source it was built for, so equal stages of all sources share one. Price: one tokenizer per thread (its word cache is what makes it fast), at most 8 MB a dedup barrier for its keys and 16 MB for
 * matching; little for everything else.
 */
import { createIoEnvironment, type IoEnvironment } from "../io/environment.ts";
import { contentHasher } from "../io/row-hasher.ts";
import { KeyOrder } from "../kernels/dedup/key-order.ts";
import type { RowHasher } from "../kernels/hash/xxh64-rows.ts";
import { assetsOf } from "../plan/assets.ts";
import type { Plan, PlannedStage } from "../plan/plan.ts";
import { planRegistry } from "../plan/plugins.ts";
import { createOperator } from "../plan/stages.ts";
import type { Operator, StageState } from "../stages/define.ts";
import type { StageRegistry } from "../stages/stage-registry.ts";
import { RunBuffers } from "../store/key-file.ts";
import { Layout } from "../store/layout.ts";
import { PartitionMatcher } from "../store/match-partition.ts";
import type { WorkerSetup } from "./protocol.ts";
import { RequestBudget } from "./request-budget.ts";
import { Stopwatch } from "./stopwatch.ts";

export class WorkerContext {
  readonly setup: WorkerSetup;
  readonly plan: Plan;
  readonly layout: Layout;
  readonly environment: IoEnvironment;
  readonly requestBudget: RequestBudget;
  readonly #registry: StageRegistry;
  readonly stopwatch = new Stopwatch();
  /** Hashes the text of documents that are kept. */
  readonly textHasher: RowHasher = contentHasher();
  readonly #operators = new Map<string, Operator>();
  readonly #runBuffers: RunBuffers[] = [];
  readonly #matchers = new Map<8 | 16, PartitionMatcher>();
  #orderer: PartitionMatcher | undefined;

  private constructor(setup: WorkerSetup, registry: StageRegistry) {
    this.setup = setup;
    this.plan = setup.plan;
    this.layout = new Layout(setup.root);
    this.environment = createIoEnvironment(setup.environment);
    this.requestBudget = new RequestBudget(setup.request_budget);
    this.#registry = registry;
  }

  static async create(setup: WorkerSetup): Promise<WorkerContext> {
    return new WorkerContext(setup, await planRegistry(setup.plan));
  }

  /** For the key file of a source's barrier, one span after another: a thread does one task at a time. */
  runBuffers(barrier: number): RunBuffers {
    this.#runBuffers[barrier] ??= new RunBuffers();
    return this.#runBuffers[barrier];
  }

  /** For one partition after another. */
  matcher(keyBytes: 8 | 16): PartitionMatcher {
    const matcher = this.#matchers.get(keyBytes) ?? new PartitionMatcher(keyBytes);
    this.#matchers.set(keyBytes, matcher);
    return matcher;
  }

  /** As `matcher`, for barriers that select rows. */
  orderer(): PartitionMatcher {
    this.#orderer ??= new PartitionMatcher(8, () => new KeyOrder());
    return this.#orderer;
  }

  /**
   * Lets go of the operators of text. For tasks that begin when the text of the whole run is read: the word cache of a tokenizer (64 MB) and the
   * tables of its filters would stay beside what they hold. Where damaged files are made again they are built once more.
   */
  forgetTextOperators(): void {
    for (const [key, { kind }] of this.#operators) if (kind !== "pack") this.#operators.delete(key);
  }

  /** What a stage's operators have found out in all spans, from what they found in each, in order of address. */
  mergeStates(stage: PlannedStage, states: readonly StageState[]): StageState {
    const { merge } = this.#registry.findStage(stage.use);
    if (merge === undefined) throw new Error(`${stage.use} keeps a state and has no merge`);
    return merge(states);
  }

  /** The operator of a planned stage. */
  operator(stage: PlannedStage): Operator {
    const key = JSON.stringify([stage.use, stage.options, stage.seed, stage.assets]);
    const known = this.#operators.get(key);
    if (known !== undefined) return known;
    const operator = createOperator(stage, this.#registry, {
      assets: assetsOf(stage, this.environment.assets),
      chat: this.environment.chat,
      objects: this.environment.objects,
    });
    this.#operators.set(key, operator);
    return operator;
  }
}
