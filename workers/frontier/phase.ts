/**
 * What a phase is to the frontier: tasks of one kind with one subject, numbered from 0, and what they read.
 *
 * Invariant: everything here is a function of the plan and of markers, and looked up only when it is asked for: whoever wants one task of
 * one phase reads what numbers that task and no more.
 */
import type { MarkerPlace, TaskKind } from "../markers.ts";
import type { Task } from "../protocol.ts";

export interface PhaseSpec {
  /** Unique in the plan, and the same on every host: `ingest:web`, `match:minhash@web,code`. */
  readonly id: string;
  readonly kind: TaskKind;
  /** For people. */
  readonly subject: string;
  /** Stages that it runs, by name; for people. */
  readonly stages: readonly string[];
  /** Bytes of input, where it reads any. */
  readonly bytes?: number;
  /** Of those, the bytes of a task, about; where tasks are of unequal size. */
  readonly taskBytes?: (index: number) => number;
  /** The source whose rows it counts, by position. */
  readonly source?: number;
  /** How many tasks there are; undefined while other phases have to say. Throws what the run must end with. */
  readonly count: () => number | undefined;
  readonly task: (index: number) => Task;
  readonly place: (index: number) => MarkerPlace;
  /** What has to be there to count the tasks and to do those of `undone`; to count them alone where that is absent. */
  readonly needs: (undone?: readonly number[]) => readonly Need[];
}

/** What tasks of a phase must have left. */
export interface Need {
  readonly phase: PhaseSpec;
  /** Tasks; all of them where absent. */
  readonly tasks?: readonly number[];
  readonly left: Left;
}

/** A marker that can be read; a marker with all its files; or a marker and some files, named by what they are. */
export type Left = "facts" | "whole" | Product;

export interface Product {
  /** What the files are, so that two needs of the same are looked up once. */
  readonly what: string;
  readonly files: (task: number) => readonly string[];
}

/** A value that is made when it is first asked for. What throws, throws each time. */
export function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
