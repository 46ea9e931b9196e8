/**
 * Counts that stages of chats keep: plain numbers under names, added up over spans.
 *
 * Invariant: a sum does not depend on how rows were cut into spans; names stand in the order in which they were met.
 */
import type { StageState } from "../define.ts";

/** Numbers by name, and such tables by name. */
export interface CountTable {
  readonly [name: string]: number | CountTable;
}

/** Adds tables up, at every depth. */
export function addCounts(states: readonly StageState[]): StageState {
  return states.reduce<CountTable>((sum, state) => plus(sum, tableOf(state)), {}) as StageState;
}

/** What a stage's state says, empty where it is no table of counts. */
function tableOf(state: StageState | undefined): CountTable {
  return typeof state === "object" && state !== null && !Array.isArray(state) ? (state as CountTable) : {};
}

function plus(a: CountTable, b: CountTable): CountTable {
  const sum = new Map(Object.entries(a));
  for (const [name, value] of Object.entries(b)) {
    const before = sum.get(name);
    if (typeof value === "number") sum.set(name, (typeof before === "number" ? before : 0) + value);
    else sum.set(name, plus(typeof before === "object" ? before : {}, value));
  }
  return Object.fromEntries(sum);
}

/** Names of data that a table of one span has; further ones are counted together. */
const MAX_NAMES = 24;
const MAX_NAME_CHARS = 48;
const OTHER_NAMES = "…";

/** Counts of one span, by name. `initial` names are there even where nothing is counted. */
export class Tally {
  readonly #initial: readonly string[];
  #counts: Map<string, number>;
  readonly #tables = new Map<string, Map<string, number>>();

  constructor(initial: readonly string[]) {
    this.#initial = initial;
    this.#counts = this.#zeros();
  }

  add(name: string, count = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }

  /** Counts `name`, which may be of the data, in the table `table`. */
  addTo(table: string, name: string, count = 1): void {
    let counts = this.#tables.get(table);
    if (counts === undefined) {
      counts = new Map();
      this.#tables.set(table, counts);
    }
    const short = name.slice(0, MAX_NAME_CHARS);
    const known = counts.has(short) || counts.size < MAX_NAMES ? short : OTHER_NAMES;
    counts.set(known, (counts.get(known) ?? 0) + count);
  }

  /** What was counted since the last call. */
  readonly finish = (): StageState => {
    const tables = [...this.#tables].map(([name, counts]) => [name, Object.fromEntries(counts)] as const);
    const state = { ...Object.fromEntries(this.#counts), ...Object.fromEntries(tables) };
    this.#counts = this.#zeros();
    this.#tables.clear();
    return state;
  };

  #zeros(): Map<string, number> {
    return new Map(this.#initial.map((name) => [name, 0]));
  }
}
