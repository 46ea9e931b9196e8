/**
 * How an upload goes: one line that is redrawn on a terminal, else a plain line every ten seconds, and a line for every commit.
 *
 * Invariant: what matters later (a commit, a pull request) stays on the screen.
 */
import type { PublishEvent } from "../../index.ts";
import type { CliContext } from "../context.ts";
import { counted, formatBytes, formatPercent } from "../format.ts";
import { printable } from "../printable.ts";

const REDRAW_MS = 200;
const PLAIN_MS = 10_000;

export interface PublishReporter {
  readonly report: (event: PublishEvent) => void;
  readonly note: (text: string) => void;
  readonly close: () => void;
}

export function publishReporter(
  { process: { stderr, env } }: CliContext,
  quiet: boolean,
  now: () => number = Date.now,
): PublishReporter {
  const isLive = stderr.isTTY === true && env.TERM !== "dumb";
  let drawn = false;
  let last = now();
  const clear = (): void => {
    if (drawn) stderr.write("\r\u001b[K");
    drawn = false;
  };
  const say = (text: string): void => {
    clear();
    stderr.write(`${printable(text)}\n`);
  };
  const progress = (text: string): void => {
    if (now() - last < (isLive ? REDRAW_MS : PLAIN_MS)) return;
    last = now();
    if (isLive) stderr.write(`\r\u001b[K${text.slice(0, Math.max(0, (stderr.columns ?? 80) - 1))}`);
    else say(text);
    drawn = isLive;
  };
  return {
    report: (event) => {
      if (quiet) return;
      const text = textOf(event);
      if (event.type === "publish_checked" || event.type === "publish_sent") progress(text);
      else say(text);
    },
    note: say,
    close: clear,
  };
}

function textOf(event: PublishEvent): string {
  switch (event.type) {
    case "publish_created":
      return `${event.repository}: created${event.private ? ", private" : ""}`;
    case "publish_planned":
      return `${counted(event.files, "file")} (${formatBytes(event.bytes)}) to send in ${counted(event.commits, "commit")}, ${event.there} there already`;
    case "publish_checked":
      return `checked ${share(event)}`;
    case "publish_sent":
      return `sent ${share(event)}`;
    case "publish_committed":
      return `commit ${event.commit} of ${event.commits}: ${counted(event.files, "file")}, ${event.url}`;
    case "publish_pull_request":
      return `pull request ${event.number} is open: ${event.url}; to go on in it, publish --to …@refs/pr/${event.number}`;
  }
}

function share({ bytes, of_bytes }: { readonly bytes: number; readonly of_bytes: number }): string {
  return `${formatBytes(bytes)} of ${formatBytes(of_bytes)} (${formatPercent(of_bytes === 0 ? 1 : bytes / of_bytes, 0)})`;
}
