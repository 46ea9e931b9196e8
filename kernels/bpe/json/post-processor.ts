/**
 * `post_processor` of a `tokenizer.json`: the tokens it would put before and behind one text.
 *
 * It changes no id of the text itself. Here nothing is added: what a document ends with is the recipe's to say, and can be compared with this.
 */
import { isUnset, type Json, type JsonObject, list, object, text, tokenId, unsupported } from "./values.ts";

export interface PostProcessor {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

const NOTHING: PostProcessor = { before: [], after: [] };

/** The ids of one entry of a template's `special_tokens`. */
function templateIds(name: string, tokens: JsonObject): readonly number[] {
  const token = object(tokens[name], `special token ${JSON.stringify(name)} of the template`);
  return list(token.ids, `ids of ${JSON.stringify(name)}`).map((id) => tokenId(id, `an id of ${JSON.stringify(name)}`));
}

function readTemplate(processor: JsonObject): PostProcessor {
  const tokens = object(processor.special_tokens, "TemplateProcessing.special_tokens");
  const before: number[] = [];
  const after: number[] = [];
  let side = before;
  for (const part of list(processor.single, "TemplateProcessing.single")) {
    const piece = object(part, "TemplateProcessing.single[]");
    if (piece.Sequence !== undefined) side = after;
    else {
      const special = object(piece.SpecialToken, "TemplateProcessing.single[].SpecialToken");
      side.push(...templateIds(text(special.id, "a special token's id"), tokens));
    }
  }
  return { before, after };
}

/** The id in a pair of token and id, as the older processors have them. */
function pairedId(value: Json | undefined, where: string): number {
  return tokenId(list(value, where)[1], where);
}

export function readPostProcessor(value: Json | undefined): PostProcessor {
  if (value === undefined || isUnset(value)) return NOTHING;
  const processor = object(value, "post_processor");
  switch (processor.type) {
    case "TemplateProcessing":
      return readTemplate(processor);
    case "BertProcessing":
    case "RobertaProcessing":
      return { before: [pairedId(processor.cls, "cls")], after: [pairedId(processor.sep, "sep")] };
    case "ByteLevel":
      return NOTHING;
    case "Sequence":
      return list(processor.processors, "post_processor.processors")
        .map(readPostProcessor)
        .reduce(
          (inner, outer) => ({
            before: [...outer.before, ...inner.before],
            after: [...inner.after, ...outer.after],
          }),
          NOTHING,
        );
    default:
      throw unsupported(`post-processor ${JSON.stringify(processor.type)}`);
  }
}
