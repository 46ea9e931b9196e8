"""What transformers masks in whole conversations, and what TRL's DPO takes for the completion of a pair.

Needs transformers, jinja2 and trl (their templates), and folders of tokenizers and sample chats. Without `--small` a line for each template and
conversation, for chat-masks.mjs; with it the golden test/golden/chat/masks.json, of templates that may be passed on (Apache-2.0).

    python chat-masks.py CONFIG.json [--small] > FILE

CONFIG.json: {"conversations": [FILE of JSON lines {messages, tools?, chat_template_kwargs?}], "templates": [{"name", "template": FILE,
"shipped": NAME?, "marked": FILE?, "tokenizer": FILE, "tokenizer_name"?, "special_tokens"?}]}. `marked` is the same template with generation
markers, where `template` has none. The golden's tokenizers go by name: `smol` is Llama 3's with the names that SmolLM3 gave reserved tokens.
"""
import datetime
import json
import sys

import transformers
import transformers.utils.chat_template_utils as rendering
from transformers import PreTrainedTokenizerFast
from trl.data_utils import common_prefix_length, extract_prompt

DATE = "2025-07-08"


class Day(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromisoformat(DATE)


rendering.datetime = Day


def masked(tokenizer, template, chat):
    kwargs = {"tools": chat.get("tools"), **(chat.get("chat_template_kwargs") or {})}
    try:
        text = tokenizer.apply_chat_template(chat["messages"], chat_template=template, tokenize=False, **kwargs)
        made = tokenizer.apply_chat_template(
            chat["messages"], chat_template=template, return_dict=True, return_assistant_tokens_mask=True, **kwargs
        )
    except Exception as error:
        return {"error": type(error).__name__}
    return {"text": text, "ids": made["input_ids"], "mask": made["assistant_masks"]}


def pair(tokenizer, template, chat):
    """A pair of the conversation and of one with another last turn, as `tokenize_fn` of TRL's DPO trainer has it."""
    kwargs = {"tools": chat.get("tools"), **(chat.get("chat_template_kwargs") or {})}
    chosen = chat["messages"]
    rejected = chosen[:-1] + [{**chosen[-1], "content": "No. " + chosen[-1]["content"][::-1][:40]}]
    try:
        parts = extract_prompt({"chosen": chosen, "rejected": rejected})
        ids = lambda messages, **more: tokenizer.apply_chat_template(
            messages, chat_template=template, tokenize=True, return_dict=True, **more, **kwargs
        )["input_ids"]
        prompt = ids(parts["prompt"], add_generation_prompt=True)
        one = ids(parts["prompt"] + parts["chosen"])
        other = ids(parts["prompt"] + parts["rejected"])
    except Exception as error:
        return {"error": type(error).__name__}
    length = min(common_prefix_length(prompt, one), common_prefix_length(prompt, other))
    return {"rejected": rejected, "chosen_ids": one, "rejected_ids": other, "prompt_length": length}


def main():
    config = json.load(open(sys.argv[1]))
    small = "--small" in sys.argv
    chats = [json.loads(line) for name in config["conversations"] for line in open(name)]
    made_by = f"transformers {transformers.__version__} and TRL's DPO tokenization"
    out = {"made_by": made_by, "date": DATE, "templates": [], "chats": chats}
    for entry in config["templates"]:
        shown = {key: entry.get(key) for key in ("name", "shipped", "special_tokens")}
        shown["text"] = None if entry.get("shipped") else open(entry["template"]).read()
        shown["tokenizer"] = entry["tokenizer_name" if small else "tokenizer"]
        out["templates"].append(shown)
    if not small:
        print(json.dumps(out))
    rows = []
    for index, entry in enumerate(config["templates"]):
        tokenizer = PreTrainedTokenizerFast(tokenizer_file=entry["tokenizer"], **entry.get("special_tokens", {}))
        plain = open(entry["template"]).read()
        marked = open(entry.get("marked") or entry["template"]).read()
        for number, chat in enumerate(chats):
            row = {"template": index, "chat": number, **masked(tokenizer, marked, chat)}
            if len(chat["messages"]) > 1 and isinstance(chat["messages"][-1].get("content"), str):
                row["pair"] = pair(tokenizer, plain, chat)
            if small:
                rows.append(row)
            else:
                print(json.dumps(row))
    if small:
        lines = ",\n".join(json.dumps(row, separators=(",", ":"), ensure_ascii=False) for row in rows)
        head = json.dumps(out, separators=(",", ":"), ensure_ascii=False)[:-1]
        print(f'{head},"rows":[\n{lines}\n]}}')


main()
