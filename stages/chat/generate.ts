/**
 * Has a model answer the turns of rows, through an endpoint that speaks the OpenAI chat protocol.
 *
 * Invariant and price: those of {@link generateStage}; the one tool that it runs computes and touches nothing.
 */
import { generateStage } from "./generate/stage.ts";
import { calculator } from "./generate/tools.ts";

export default generateStage({
  name: "chat/generate",
  version: 1,
  summary: "Has a model answer the turns of a row.",
  tools: [calculator],
  examples: [
    {
      columns: { messages: '[{"role":"user","content":"What is 2 + 2?"}]' },
      options: { model: "qwen3-32b" },
      writes: {
        messages:
          '[{"role":"user","content":"What is 2 + 2?"},{"role":"assistant","content":"Four.","reasoning_content":"Two and two."}]',
      },
    },
    {
      columns: { messages: '[{"role":"user","content":"What is 2 + 2?"}]' },
      options: { model: "qwen3-32b", into: "answer", reasoning: "inline" },
      writes: { answer: "<think>\nTwo and two.\n</think>\n\nFour." },
    },
    {
      columns: { messages: '[{"role":"user","content":"What is 2 + 2?"}]' },
      options: { model: "qwen3-32b", validation: { min_characters: 20 } },
      drops: "too_short",
    },
    {
      columns: { messages: '[{"role":"assistant","content":"Hello."}]' },
      options: { model: "qwen3-32b" },
      drops: "bad_messages",
    },
  ],
});
