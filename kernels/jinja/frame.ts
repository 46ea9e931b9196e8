/** The variables of one call of a macro, or of the template outside of macros, while it is rendered. Price: one array. */
import { GLOBALS } from "./globals.ts";
import type { Run } from "./run.ts";
import type { Load, Scope, Slot } from "./scopes.ts";
import type { Value } from "./values.ts";

export class Frame {
  readonly slots: Value[];
  /** That of the macro around this one. */
  readonly parent: Frame | undefined;
  readonly run: Run;
  /** What the caller of the rendering gave. */
  readonly variables: ReadonlyMap<string, Value>;

  constructor(size: number, parent: Frame | undefined, run: Run, variables: ReadonlyMap<string, Value>) {
    this.slots = new Array<Value>(size).fill(undefined);
    this.parent = parent;
    this.run = run;
    this.variables = variables;
  }
}

/** Compiled code: an expression. */
export type Code = (frame: Frame) => Value;

/** How to read a variable from a frame of that level. */
export function reader(slot: Slot, level: number): Code {
  const { index } = slot;
  if (slot.level === level) return ({ slots }) => slots[index];
  const hops = level - slot.level;
  return (frame) => {
    let outer = frame;
    for (let left = hops; left > 0 && outer.parent !== undefined; left--) outer = outer.parent;
    return outer.slots[index];
  };
}

/** Sets the variables of a scope to what they are at its start. All names in it must have been looked at. */
export function entering(scope: Scope): (frame: Frame) => void {
  const steps = [...scope.loads]
    .filter(([, load]) => load !== "given")
    .map(([slot, load]) => initial(scope, slot, load));
  if (steps.length === 0) return () => {};
  return (frame) => {
    for (const step of steps) step(frame);
  };
}

function initial(scope: Scope, { index }: Slot, load: Load): (frame: Frame) => void {
  if (typeof load === "string") {
    return ({ slots }) => {
      slots[index] = undefined;
    };
  }
  if ("outer" in load) {
    const read = reader(load.outer, scope.layout.level);
    return (frame) => {
      frame.slots[index] = read(frame);
    };
  }
  const { variable } = load;
  const common = GLOBALS.get(variable);
  return ({ slots, variables }) => {
    const value = variables.get(variable);
    slots[index] = value === undefined ? common : value;
  };
}
