/**
 * Statements compiled to closures.
 *
 * Invariant: output goes to the run of a rendering, or to the block that captures it; a statement tells whether a loop is to be left or goes on with
 * its next pass. A generation block notes the borders of what it prints where nothing captures it. Price: a closure a statement.
 */

import { compileTarget } from "./assignment.ts";
import type { CallStatement, Expression, FilterStatement, SetStatement, Statement } from "./ast.ts";
import { TemplateError } from "./errors.ts";
import { callValue, compileArguments, compileExpression, compileFilter } from "./expressions.ts";
import { entering } from "./frame.ts";
import { compileFor } from "./loops.ts";
import { compileMacro } from "./macros.ts";
import { type Action, type Place, Signal } from "./place.ts";
import { lookAt, lookAtFilter, Scope } from "./scopes.ts";
import { strOf } from "./text.ts";
import { isTrue } from "./values.ts";

export function compileBody(body: readonly Statement[], place: Place): Action {
  const actions = body.map((statement) => compileStatement(statement, place)).filter((action) => action !== undefined);
  const [only] = actions;
  if (only === undefined) return () => Signal.next;
  if (actions.length === 1) return only;
  return (frame) => {
    for (const action of actions) {
      const signal = action(frame);
      if (signal !== Signal.next) return signal;
    }
    return Signal.next;
  };
}

/** A body with a scope of its own; all that is in it has been looked at here. */
function compileScope(body: readonly Statement[], place: Place, scope: Scope): Action {
  lookAt(scope, body);
  const action = compileBody(body, { ...place, scope });
  const enter = entering(scope);
  return (frame) => {
    enter(frame);
    return action(frame);
  };
}

function compileStatement(statement: Statement, place: Place): Action | undefined {
  switch (statement.type) {
    case "Comment":
      return undefined;
    case "If": {
      const test = compileExpression(statement.test, place.scope);
      const [then, otherwise] = [compileBody(statement.body, place), compileBody(statement.alternate, place)];
      return (frame) => {
        frame.run.step();
        return isTrue(test(frame)) ? then(frame) : otherwise(frame);
      };
    }
    case "For":
      return compileFor(statement, place, compileBody);
    case "Break":
    case "Continue": {
      if (!place.inLoop)
        throw new TemplateError("syntax", `'${statement.type.toLowerCase()}' stands outside of a loop`);
      const signal = statement.type === "Break" ? Signal.leave : Signal.again;
      return () => signal;
    }
    case "Set":
      return compileSet(statement, place);
    case "Macro": {
      const macro = compileMacro(statement.name.value, statement.args, statement.body, place, compileBody);
      const put = compileTarget(statement.name, place.scope);
      return (frame) => {
        put(frame, macro(frame));
        return Signal.next;
      };
    }
    case "CallStatement":
      return isGeneration(statement, place)
        ? compileGeneration(statement.body, place)
        : compileCallBlock(statement, place);
    case "FilterStatement":
      return compileFilterBlock(statement, place);
    default:
      return compilePrint(statement, place);
  }
}

function compilePrint(node: Expression, place: Place): Action {
  if (node.type === "StringLiteral") {
    const text = node.value;
    return ({ run }) => {
      run.step();
      run.print(text);
      return Signal.next;
    };
  }
  const value = compileExpression(node, place.scope);
  return (frame) => {
    frame.run.step();
    frame.run.print(strOf(value(frame), frame.run));
    return Signal.next;
  };
}

function compileSet({ assignee, value, body }: SetStatement, place: Place): Action {
  if (value !== null) {
    const code = compileExpression(value, place.scope);
    const put = compileTarget(assignee, place.scope);
    return (frame) => {
      frame.run.step();
      put(frame, code(frame));
      return Signal.next;
    };
  }
  const block = compileScope(body, { ...place, captured: true }, new Scope(place.scope, place.scope.layout));
  const filters: ReturnType<typeof compileFilter>[] = [];
  let target = assignee;
  for (; target.type === "FilterExpression"; target = target.operand) {
    filters.unshift(compileFilter(target.filter, place.scope));
  }
  const put = compileTarget(target, place.scope);
  return (frame) => {
    let signal: Signal = Signal.next;
    const text = frame.run.capture(() => {
      signal = block(frame);
    });
    if (signal === Signal.next)
      put(
        frame,
        filters.reduce<ReturnType<(typeof filters)[0]>>((each, filter) => filter(each, frame), text),
      );
    return signal;
  };
}

function compileCallBlock({ call, callerArgs, body }: CallStatement, place: Place): Action {
  const caller = compileMacro("caller", callerArgs ?? [], body, place, compileBody);
  const called = compileExpression(call.callee, place.scope);
  const args = compileArguments(call.args, place.scope);
  const name = call.callee.type === "Identifier" ? call.callee.value : "the value";
  return (frame) => {
    const { positional, named } = args(frame);
    const withCaller = { positional, named: new Map([...named, ["caller", caller(frame)]]) };
    frame.run.print(strOf(callValue(called(frame), withCaller, frame.run, name), frame.run));
    return Signal.next;
  };
}

function compileFilterBlock({ filter, body }: FilterStatement, place: Place): Action {
  const scope = new Scope(place.scope, place.scope.layout);
  lookAtFilter(scope, filter);
  const block = compileScope(body, { ...place, captured: true }, scope);
  const apply = compileFilter(filter, scope);
  return (frame) => {
    let signal: Signal = Signal.next;
    const text = frame.run.capture(() => {
      signal = block(frame);
    });
    if (signal === Signal.next) frame.run.print(strOf(apply(text, frame), frame.run));
    return signal;
  };
}

function isGeneration({ call }: CallStatement, place: Place): boolean {
  return call.callee.type === "Identifier" && call.callee.value === place.template.generation;
}

/** In Jinja the body is that of a call block: its variables are its own, and no loop around it can be left from there. */
function compileGeneration(body: readonly Statement[], place: Place): Action {
  const { captured, template } = place;
  template.hasGeneration = true;
  if (captured) template.hasCapturedGeneration = true;
  const inside = { ...place, captured: true, inLoop: false };
  const block = compileScope(body, inside, new Scope(place.scope, place.scope.layout));
  if (captured) return block;
  return (frame) => {
    const { run } = frame;
    const start = run.text.length;
    block(frame);
    run.spans.push(start, run.text.length);
    return Signal.next;
  };
}
