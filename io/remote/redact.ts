/**
 * Takes secrets out of text before anyone reads it.
 *
 * Invariant: no query string, no user information and no access token of a URL or header survives {@link redact}. Everything that
 * io/ says about the network passes through it.
 */

const URL_IN_TEXT = /\b(https?|s3):\/\/[^\s"'<>]+/gi;

/** `text` with URLs cut at their query and tokens replaced by `…`. */
export function redact(text: string): string {
  return text
    .replace(URL_IN_TEXT, redactUrl)
    .replace(/\bhf_[A-Za-z0-9]{6,}/g, "hf_…")
    .replace(/\b(Bearer|Basic)\s+[^\s"',]+/gi, "$1 …");
}

/** One URL without user information, query and fragment; `?…` says that there was a query. */
export function redactUrl(url: string): string {
  const withoutUser = url.replace(/^([a-z0-9]+:\/\/)[^/?#]*@/i, "$1");
  const end = withoutUser.search(/[?#]/);
  return end < 0 ? withoutUser : `${withoutUser.slice(0, end)}${withoutUser[end] === "?" ? "?…" : ""}`;
}
