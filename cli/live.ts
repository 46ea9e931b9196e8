/** The live page of a run, for the verbs that offer it. */
import { type Api, type CliContext, note } from "./context.ts";

/** Serves the page of a run and says where. */
export async function live(
  context: CliContext,
  { serveReport }: Api,
  { dataRoot, showText }: { readonly dataRoot: string; readonly showText: boolean },
  open: Parameters<Api["serveReport"]>[0],
): ReturnType<Api["serveReport"]> {
  const served = await serveReport(open, { dataRoot, texts: showText });
  note(context, `live   ${served.url}`);
  return served;
}
