/**
 * Chat templates, compiled once and rendered for each conversation.
 *
 * Invariant: a rendering is what jinja2 3.1.6 gives with the settings of transformers 5.24 (trim_blocks, lstrip_blocks, loop controls,
 * `{% generation %}`, the immutable sandbox), or an error. It depends on the template, the values and the date alone: there is no
 * clock, no locale and no code made of text. Hostile templates and data end at a limit. Price: see bench; parsing 3 ms a template.
 */
import { TemplateError } from "./errors.ts";
import { entering, Frame } from "./frame.ts";
import type { TemplateFacts } from "./place.ts";
import { DEFAULT_LIMITS, Run, type TemplateDate, type TemplateLimits } from "./run.ts";
import { FrameLayout, lookAt, Scope } from "./scopes.ts";
import { compileBody } from "./statements.ts";
import { parseTemplate } from "./syntax.ts";
import type { Value } from "./values.ts";

export interface CompileOptions {
  readonly limits?: Partial<TemplateLimits>;
  /** Spans are wanted: a template whose spans Python gets wrong is refused. */
  readonly spans?: boolean;
}

export interface Rendering {
  readonly text: string;
  /** What generation blocks printed, as byte offsets of the UTF-8 text: start, end, start, end. Empty ones are kept. */
  readonly spans: readonly number[];
}

export interface ChatTemplate {
  /** There is a `{% generation %}` block. */
  readonly usesGeneration: boolean;
  /** Throws a {@link TemplateError}. */
  render(variables: ReadonlyMap<string, Value>, date?: TemplateDate): Rendering;
}

/** Throws a {@link TemplateError} of kind `syntax`, `unsupported` or `masks`. */
export function compileTemplate(template: string, options: CompileOptions = {}): ChatTemplate {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const { body, generation } = parseTemplate(template);
  const facts: TemplateFacts = { generation, hasGeneration: false, hasCapturedGeneration: false };
  const layout = new FrameLayout(0);
  const scope = new Scope(undefined, layout);
  lookAt(scope, body);
  const action = compileBody(body, { scope, inLoop: false, captured: false, template: facts });
  const enter = entering(scope);
  if (options.spans === true && facts.hasCapturedGeneration) {
    throw new TemplateError(
      "masks",
      "a generation block lies inside a macro, a call, filter or set block or another generation block, where its offsets cannot be told",
    );
  }
  return {
    usesGeneration: facts.hasGeneration,
    render(variables, date) {
      const run = new Run(limits, date);
      const frame = new Frame(layout.size, undefined, run, variables);
      try {
        enter(frame);
        action(frame);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw new TemplateError("limit", "the template or its data are nested too deeply", { cause: error });
      }
      return finished(run, limits);
    },
  };
}

function finished({ text, spans }: Run, limits: TemplateLimits): Rendering {
  const bytes = Buffer.byteLength(text);
  if (bytes > limits.output_bytes) {
    throw new TemplateError("limit", `the template makes a text of more than ${limits.output_bytes} bytes`);
  }
  return { text, spans: bytes === text.length ? spans : byteOffsets(text, spans) };
}

/** Offsets of units, in order, as offsets of bytes. */
function byteOffsets(text: string, offsets: readonly number[]): number[] {
  let unit = 0;
  let byte = 0;
  return offsets.map((offset) => {
    byte += Buffer.byteLength(text.slice(unit, offset));
    unit = offset;
    return byte;
  });
}
