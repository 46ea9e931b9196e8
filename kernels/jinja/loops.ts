/**
 * `for` compiled.
 *
 * Invariant: each pass starts with fresh variables, so that what one sets the next does not see; what the loop runs over and its filter are
 * evaluated before the first pass. Price: a step a pass.
 */

import { compileTarget } from "./assignment.ts";
import type { For } from "./ast.ts";
import { TemplateError } from "./errors.ts";
import { compileExpression } from "./expressions.ts";
import { type Code, entering, type Frame } from "./frame.ts";
import { type Action, type CompileBody, type Place, Signal } from "./place.ts";
import { look, lookAt, lookAtTarget, mentions, Scope } from "./scopes.ts";
import { isTrue, Loop, listOf, type Value } from "./values.ts";

export function compileFor(node: For, place: Place, compileBody: CompileBody): Action {
  const { loopvar } = node;
  const items = compileItems(node, place);
  const scope = new Scope(place.scope, place.scope.layout);
  const loopSlot = mentions(node.body, "loop") ? scope.declare("loop").index : undefined;
  lookAtTarget(scope, loopvar, (name) => {
    if (name === "loop") throw new TemplateError("syntax", "a loop cannot assign to 'loop'");
    scope.declare(name);
  });
  lookAt(scope, node.body);
  const put = compileTarget(loopvar, scope);
  const body = compileBody(node.body, { ...place, scope, inLoop: true });
  const enter = entering(scope);
  const otherwise = compileElse(node, place, compileBody);
  return (frame) => {
    const list = items(frame);
    if (list.length === 0) return otherwise(frame);
    const loop = loopSlot === undefined ? undefined : new Loop(list);
    for (let index = 0; index < list.length; index++) {
      frame.run.step();
      enter(frame);
      if (loop !== undefined && loopSlot !== undefined) {
        loop.index0 = index;
        frame.slots[loopSlot] = loop;
      }
      put(frame, list[index]);
      if (body(frame) === Signal.leave) break;
    }
    return Signal.next;
  };
}

function compileElse({ defaultBlock }: For, place: Place, compileBody: CompileBody): Action {
  const scope = new Scope(place.scope, place.scope.layout);
  lookAt(scope, defaultBlock);
  const body = compileBody(defaultBlock, { ...place, scope });
  const enter = entering(scope);
  return (frame) => {
    enter(frame);
    return body(frame);
  };
}

/** What the loop runs over. */
function compileItems({ iterable, loopvar }: For, place: Place): (frame: Frame) => readonly Value[] {
  if (iterable.type !== "SelectExpression") return listing(compileExpression(iterable, place.scope));
  const all = listing(compileExpression(iterable.lhs, place.scope));
  const scope = new Scope(place.scope, place.scope.layout);
  lookAtTarget(scope, loopvar, (name) => scope.declare(name));
  look(scope, iterable.test);
  const put = compileTarget(loopvar, scope);
  const test = compileExpression(iterable.test, scope);
  const enter = entering(scope);
  return (frame) => {
    enter(frame);
    return all(frame).filter((item) => {
      frame.run.step();
      put(frame, item);
      return isTrue(test(frame));
    });
  };
}

function listing(code: Code): (frame: Frame) => readonly Value[] {
  return (frame) => {
    const value = code(frame);
    if (typeof value === "string") frame.run.reserveItems(value.length);
    return listOf(value);
  };
}
