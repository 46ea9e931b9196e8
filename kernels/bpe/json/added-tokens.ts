/**
 * `added_tokens` of a `tokenizer.json`.
 *
 * `tokenizers` gives the ids itself: that of the model's vocabulary where the content is in it, else the next that is free behind both. A
 * file that says otherwise is read with a warning there and with other ids than it shows; here it is refused.
 */
import type { AddedToken } from "../added-tokens.ts";
import { broken, flag, type Json, type JsonObject, list, object, text, tokenId, unsupported } from "./values.ts";

function readToken(entry: Json): AddedToken {
  const token = object(entry, "added_tokens[]");
  const content = text(token.content, "the content of an added token");
  const named = (key: string) => `${key} of added token ${JSON.stringify(content)}`;
  const special = flag(token.special, named("special"), false);
  return {
    id: tokenId(token.id, named("the id")),
    content,
    special,
    normalized: flag(token.normalized, named("normalized"), !special),
    lstrip: flag(token.lstrip, named("lstrip"), false),
    rstrip: flag(token.rstrip, named("rstrip"), false),
    singleWord: flag(token.single_word, named("single_word"), false),
  };
}

/** The added tokens in the file's order, one for each content: of two the later counts. */
export function readAddedTokens(value: Json | undefined): readonly AddedToken[] {
  const tokens = new Map<string, AddedToken>();
  for (const entry of list(value ?? [], "added_tokens")) {
    const token = readToken(entry);
    if (token.content === "") throw broken("an added token has no content");
    const special = token.special || tokens.get(token.content)?.special === true;
    tokens.set(token.content, { ...token, special });
  }
  return [...tokens.values()];
}

/**
 * Refuses ids that `tokenizers` would not give.
 *
 * @param vocab the ids of the model's own tokens
 */
export function checkAddedIds(tokens: readonly AddedToken[], vocab: JsonObject): void {
  let next = Object.keys(vocab).length;
  for (const { content, id } of tokens) {
    const given = Object.hasOwn(vocab, content) ? vocab[content] : next++;
    if (given === id) continue;
    throw unsupported(
      `added token ${JSON.stringify(content)} has the id ${id} in the file, but tokenizers gives it ${given}`,
    );
  }
}
