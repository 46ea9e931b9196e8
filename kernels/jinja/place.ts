/** Where a statement stands in its template, and what the template turns out to have. */
import type { Statement } from "./ast.ts";
import type { Frame } from "./frame.ts";
import type { Scope } from "./scopes.ts";

/** What a statement tells the loop around it. */
export const Signal = { next: 0, leave: 1, again: 2 } as const;
export type Signal = (typeof Signal)[keyof typeof Signal];

/** Compiled code: statements. */
export type Action = (frame: Frame) => Signal;

export interface Place {
  readonly scope: Scope;
  /** A loop is around, with no macro in between. */
  readonly inLoop: boolean;
  /** A block around keeps what is printed. */
  readonly captured: boolean;
  readonly template: TemplateFacts;
}

/** What is known of a template as a whole; grows while it is compiled. */
export interface TemplateFacts {
  /** See syntax.ts. */
  readonly generation: string;
  hasGeneration: boolean;
  /** A generation block lies inside a block that captures: Python's spans of it are wrong. */
  hasCapturedGeneration: boolean;
}

export type CompileBody = (body: readonly Statement[], place: Place) => Action;
