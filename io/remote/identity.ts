/**
 * What names the content of a file behind HTTP: its strong ETag with the length, else when it was modified with the length, else the length alone.
 *
 * The last one is weak: a file replaced by one of equal length goes unnoticed.
 */

/** `etag` is as a header has it, in quotes; a weak one (`W/"…"`) names no bytes and does not count. */
export function remoteIdentity(
  { etag, modified }: { readonly etag: string | undefined; readonly modified: string | undefined },
  size_bytes: number,
): string {
  if (etag?.startsWith('"')) return `etag:${etag}:${size_bytes}`;
  const time = Date.parse(modified ?? "");
  return Number.isNaN(time) ? `length:${size_bytes}` : `modified:${new Date(time).toISOString()}:${size_bytes}`;
}

/** The ETag of an identity, where it has one: every response must have it. */
export function etagOf(identity: string): { readonly etag?: string } {
  const etag = /^etag:(".*"):\d+$/.exec(identity)?.[1];
  return etag === undefined ? {} : { etag };
}
