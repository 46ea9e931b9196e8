import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { TemplateError, type TemplateErrorKind } from "../../../kernels/jinja/errors.ts";
import type { TemplateDate } from "../../../kernels/jinja/run.ts";
import { compileTemplate } from "../../../kernels/jinja/template.ts";
import type { Value } from "../../../kernels/jinja/values.ts";
import { type JsonValue, parseJson } from "../../../kernels/json/value.ts";
import { ROOT } from "../../project-root.ts";

const GOLDEN = join(ROOT, "test/golden/jinja.json");
const PROBES = join(ROOT, "../shared/golden/jinja-probes.json");
const DATE: TemplateDate = { year: 2026, month: 1, day: 4, hour: 15, minute: 5, second: 9 };

type Case = readonly [
  template: string,
  { readonly text: string; readonly spans: readonly (readonly number[])[] } | { readonly error: string },
];

function objectOf(value: JsonValue | undefined): Map<string, JsonValue> {
  assert.ok(value instanceof Map);
  return value;
}

/** What a template gives, or the kind of its error. An error that is none of a template's fails the test. */
function outcome(
  template: string,
  variables: ReadonlyMap<string, Value>,
): { text: string; spans: readonly number[] } | TemplateErrorKind {
  try {
    return compileTemplate(template).render(variables, DATE);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw new Error(`${template}: ${String(error)}`, { cause: error });
    return error.kind;
  }
}

/** Offsets of code points as offsets of bytes. */
function bytesOf(text: string, offsets: readonly number[]): number[] {
  const characters = Array.from(text);
  return offsets.map((offset) => Buffer.byteLength(characters.slice(0, offset).join("")));
}

test("small templates give what Jinja gives, and fail where it fails", () => {
  const text = readFileSync(GOLDEN, "utf8");
  const { cases } = JSON.parse(text) as { cases: readonly Case[] };
  const variables = new Map<string, Value>(objectOf(objectOf(parseJson(text)).get("variables")));
  for (const [name, value] of [
    ["messages", []],
    ["tools", null],
    ["documents", null],
    ["add_generation_prompt", false],
  ] as const) {
    variables.set(name, value);
  }
  const unsupported: string[] = [];
  let equal = 0;
  for (const [template, expected] of cases) {
    const found = outcome(template, variables);
    if ("error" in expected) {
      assert.equal(typeof found, "string", `${template} is ${expected.error} in Jinja, not ${JSON.stringify(found)}`);
    } else if (found === "unsupported") unsupported.push(template);
    else {
      const spans = bytesOf(expected.text, expected.spans.flat());
      assert.deepEqual(found, { text: expected.text, spans }, template);
      equal++;
    }
  }
  assert.ok(equal > 1700, `${equal} are equal`);
  // What Python prints of its memory is none of these: it has no text of its own.
  const known =
    /^\{\{ .*(truncate\(5|groupby|d\|items|\.format\(|map\('upper'\) \}\}|\.(items|get|strip|split|x|a)\b.* \}\}|namespace|range\()/;
  assert.deepEqual(
    unsupported.filter((template) => !known.test(template)),
    [],
  );
});

test("the probes of what other engines get wrong", { skip: !existsSync(PROBES) && "SKIPPED: no ../shared" }, () => {
  const probes = parseJson(readFileSync(PROBES, "utf8"));
  assert.ok(Array.isArray(probes) && probes.length === 48);
  for (const probe of probes) {
    const entry = objectOf(probe);
    const found = outcome(String(entry.get("template")), objectOf(entry.get("vars")));
    if (entry.has("error")) assert.equal(typeof found, "string", String(entry.get("name")));
    else assert.equal(typeof found === "string" ? found : found.text, entry.get("out"), String(entry.get("name")));
  }
});

test("a template's own error has a kind of its own and the template's message", () => {
  const template = compileTemplate("{{ raise_exception('Roles must alternate: ' ~ role) }}");
  assert.throws(() => template.render(new Map([["role", "user"]])), {
    kind: "raised",
    message: "Roles must alternate: user",
  });
});

test("the date is the caller's, and a template that asks for none needs none", () => {
  const template = compileTemplate("{% if ask %}{{ strftime_now('%d %B %Y') }}{% endif %}");
  assert.equal(template.render(new Map([["ask", false]])).text, "");
  assert.equal(template.render(new Map([["ask", true]]), { year: 2025, month: 7, day: 8 }).text, "08 July 2025");
  assert.throws(() => template.render(new Map([["ask", true]])), { kind: "value" });
});

test("spans that Python gets wrong are refused where they are wanted, and not noted elsewhere", () => {
  const block = "{% generation %}a{% endgeneration %}";
  const captured = [
    `{% macro f() %}${block}{% endmacro %}{{ f() }}`,
    `{% set x %}${block}{% endset %}{{ x }}`,
    `{% filter upper %}${block}{% endfilter %}`,
    `{% macro f() %}{{ caller() }}{% endmacro %}{% call f() %}${block}{% endcall %}`,
    `{% generation %}b${block}{% endgeneration %}`,
  ];
  for (const template of captured) {
    assert.throws(() => compileTemplate(template, { spans: true }), { kind: "masks" }, template);
    assert.ok(compileTemplate(template).usesGeneration);
  }
  assert.deepEqual(compileTemplate(captured[0]).render(new Map()), { text: "a", spans: [] });
  assert.equal(compileTemplate("a", { spans: true }).usesGeneration, false);
  assert.deepEqual(compileTemplate(`é${block}`, { spans: true }).render(new Map()), { text: "éa", spans: [2, 3] });
});

test("a template's name cannot be taken for a generation block", () => {
  const template = compileTemplate(
    "{% macro generation_() %}[{{ caller() }}]{% endmacro %}{% call generation_() %}a{% endcall %}",
  );
  assert.equal(template.usesGeneration, false);
  assert.equal(template.render(new Map()).text, "[a]");
});

test("what the parser cannot tell apart is refused", () => {
  for (const template of ["{{ 1 < 2 < 3 }}", "{{ 1234567890123456 }}"]) {
    assert.throws(() => compileTemplate(template), { kind: "unsupported" }, template);
  }
  assert.equal(compileTemplate("{{ (1 < 2) == (2 < 3) }}").render(new Map()).text, "True");
});
