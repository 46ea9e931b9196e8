import assert from "node:assert/strict";
import { test } from "node:test";
import { TemplateError } from "../../../kernels/jinja/errors.ts";
import { type CompileOptions, compileTemplate } from "../../../kernels/jinja/template.ts";
import type { Value } from "../../../kernels/jinja/values.ts";

function render(
  template: string,
  variables: Readonly<Record<string, Value>> = {},
  options: CompileOptions = {},
): string {
  return compileTemplate(template, options).render(new Map(Object.entries(variables))).text;
}

/** Each would take hours or all memory. */
const HOSTILE = [
  // Loops in loops.
  "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}",
  // A text that doubles, a list that doubles, a number that grows.
  "{% set ns = namespace(s='ab') %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s }}",
  "{% set ns = namespace(s='ab') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}{{ ns.s }}",
  "{% set ns = namespace(s=[1]) %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
  "{% set ns = namespace(n=10) %}{% for i in range(99) %}{% set ns.n = ns.n * ns.n %}{% endfor %}",
  "{{ 10 ** 1000000000 }}",
  "{{ 'a' * 1000000000000 }}",
  "{{ ['a'] * 1000000000 }}",
  "{{ range(1000000000) }}",
  "{{ 'a'.ljust(1000000000000) }}",
  "{{ 'a'|center(1000000000000) }}",
  "{{ 'a'|indent(1000000000000, true) }}",
  "{{ '%1000000000000d' % 1 }}",
  "{{ [1]|batch(1000000000000, 0)|list }}",
  "{{ 'a'.zfill(100000000000) }}",
  // Text that is gone through again and again.
  "{% set s = 'ab' * 9999999 %}{% for i in range(99999) %}{{ s.find('c') }}{{ 'c' in s }}{{ s|length }}{% endfor %}",
  "{% set s = 'a' * 9999 %}{{ s.replace('a', s).replace('a', s) }}",
  "{% set s = ('a' * 9999)|list %}{% for i in range(9999) %}{{ s|join(s|join) }}{% endfor %}",
  "{{ (('a,' * 20000000).split(',')) }}",
  "{{ (('a ' * 20000000).split())|length }}",
  "{{ ('😀a' * 10000000)[5] }}{{ ('ab' * 10000000)|list|length }}",
  "{% for c in 'ab' * 10000000 %}{% endfor %}",
  // Sigmas, each of which looks around.
  "{% for i in range(99999) %}{{ ('Σ\\'' * 99999).title() }}{% endfor %}",
  // Calls without end.
  "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
  "{% macro f() %}{{ g() }}{% endmacro %}{% macro g() %}{{ f() }}{% endmacro %}{{ f() }}",
  "{% macro f(n) %}{% for i in range(9) %}{{ f(n + 1) if n < 90 }}{% endfor %}{% endmacro %}{{ f(0) }}",
  // Values inside each other.
  "{% set ns = namespace(v=[]) %}{% for i in range(99999) %}{% set ns.v = [ns.v, ns.v] %}{% endfor %}{{ ns.v }}",
  "{% set ns = namespace(v=[]) %}{% for i in range(99999) %}{% set ns.v = [ns.v] %}{% endfor %}{{ ns.v|tojson }}",
  "{% set ns = namespace(v=[], w=[]) %}{% for i in range(60) %}{% set ns.v = [ns.v, ns.v] %}{% set ns.w = [ns.w, ns.w] %}{% endfor %}{{ ns.v == ns.w }}",
];

test("hostile templates end with an error of their own", { timeout: 120_000 }, () => {
  for (const template of HOSTILE) {
    const start = process.cpuUsage();
    assert.throws(
      () => render(template, {}, { limits: { steps: 2_000_000 } }),
      (error) => error instanceof TemplateError && error.kind === "limit",
      template,
    );
    const seconds = process.cpuUsage(start).user / 1e6;
    assert.ok(seconds < 20, `${template} took ${seconds} s`);
  }
});

test("limits are the caller's", () => {
  const loop = "{% for i in range(n) %}x{% endfor %}";
  assert.equal(render(loop, { n: 40 }, { limits: { steps: 100 } }).length, 40);
  assert.throws(() => render(loop, { n: 60 }, { limits: { steps: 100 } }), { kind: "limit" });
  assert.equal(render("{{ s }}", { s: "é".repeat(50) }, { limits: { output_bytes: 100 } }).length, 50);
  assert.throws(() => render("{{ s }}", { s: "é".repeat(51) }, { limits: { output_bytes: 100 } }), { kind: "limit" });
  const nested = "{% macro f(n) %}{{ f(n - 1) if n > 1 }}{% endmacro %}{{ f(n) }}";
  assert.equal(render(nested, { n: 5 }, { limits: { depth: 5 } }), "");
  assert.throws(() => render(nested, { n: 6 }, { limits: { depth: 5 } }), { kind: "limit" });
});

test("templates that are no templates are told, however deep they go", () => {
  for (const template of [
    `{{ ${"(".repeat(100_000)} }}`,
    `${"{% if a %}".repeat(50_000)}`,
    `{{ ${"-".repeat(100_000)}1 }}`,
    "{{ 'a",
    "{# a",
  ]) {
    assert.throws(() => compileTemplate(template), { kind: "syntax" }, template.slice(0, 20));
  }
});

test("nothing of the engine can be reached", () => {
  const names = ["constructor", "__proto__", "prototype", "toString", "hasOwnProperty", "call", "text", "length"];
  for (const value of ["s", "l", "d", "n", "f", "range", "ns"]) {
    for (const name of names) {
      const variables = { s: "a", l: [1], d: new Map(), n: 1, f: true };
      const set = "{% set ns = namespace() %}";
      assert.equal(
        render(`${set}{{ ${value}.${name} is defined }}{{ ${value}['${name}'] is defined }}`, variables),
        "FalseFalse",
        `${value}.${name}`,
      );
    }
  }
  assert.equal(render("{% set constructor = 1 %}{% set __proto__ = 2 %}{{ constructor }}{{ __proto__ }}"), "12");
  assert.equal(render("{{ toString is defined }}{{ d.__proto__ }}", { d: new Map([["__proto__", 1]]) }), "False1");
});
