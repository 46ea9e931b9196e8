/**
 * From a template's text to its syntax tree.
 *
 * The lexer and the parser are those of `@huggingface/jinja`. What they read otherwise than Jinja is put right around them: line ends, the
 * tag `{% generation %}`, tests with arguments, the binding of `~`. What they cannot tell apart is refused: a chain of comparisons, integers
 * that a double does not hold. Price: about 3 ms a template, once a run.
 */
import { parse, tokenize } from "@huggingface/jinja";
import type { Statement } from "./ast.ts";
import { TemplateError } from "./errors.ts";
import {
  groupTildes,
  refuseChains,
  refuseConditions,
  refuseNeighbours,
  repair,
  rewriteTests,
  type Token,
} from "./tokens.ts";

export interface Syntax {
  readonly body: readonly Statement[];
  /** What a call block calls that stands for `{% generation %}`; no name that the template has. */
  readonly generation: string;
}

const GENERATION_TAG = /\{%(-?)\s*(end)?generation\s*(-?)%\}/g;
/** So many digits are exact in a double. */
const EXACT_DIGITS = 15;

export function parseTemplate(template: string): Syntax {
  const text = template.replace(/\r\n?/g, "\n");
  let generation = "generation_";
  while (text.includes(generation)) generation += "_";
  const marked = text.replace(GENERATION_TAG, (_, before: string, end: string | undefined, behind: string) =>
    end === undefined ? `{%${before} call ${generation}() ${behind}%}` : `{%${before} endcall ${behind}%}`,
  );
  try {
    const tokens: readonly Token[] = tokenize(marked, { lstrip_blocks: true, trim_blocks: true });
    refuseLongIntegers(tokens);
    refuseConditions(tokens);
    refuseChains(tokens);
    const repaired = rewriteTests(repair(tokens));
    refuseNeighbours(repaired);
    const program: { readonly body: readonly Statement[] } = parse(groupTildes(repaired));
    return { body: program.body, generation };
  } catch (error) {
    if (error instanceof TemplateError) throw error;
    const reason = error instanceof RangeError ? "it is nested too deeply" : String(error).replace(/^\w*Error: /, "");
    throw new TemplateError("syntax", `the template cannot be read: ${reason}`, { cause: error });
  }
}

function refuseLongIntegers(tokens: readonly Token[]): void {
  const long = tokens.find(({ type, value }) => type === "NumericLiteral" && value.length > EXACT_DIGITS);
  if (long !== undefined) {
    throw new TemplateError("unsupported", `a number of more than ${EXACT_DIGITS} digits in a template: ${long.value}`);
  }
}
