/** `@huggingface/hub`, loaded when the Hub is asked something: 9 MB that no thread holds for files that lie elsewhere. */
export type HubClient = typeof import("@huggingface/hub");

export function hubClient(): Promise<HubClient> {
  return import("@huggingface/hub");
}
