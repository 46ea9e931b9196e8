/** Text for HTML, as Python's markupsafe writes it. */
import type { Run } from "./run.ts";

export function escapeHtml(text: string, run: Run): string {
  run.reserve(text.length);
  return text
    .replaceAll("&", "&amp;")
    .replaceAll(">", "&gt;")
    .replaceAll("<", "&lt;")
    .replaceAll("'", "&#39;")
    .replaceAll('"', "&#34;");
}
