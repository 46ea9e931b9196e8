"""Writes test/golden/loss/borders.json: which tokens transformers 5.24.0 masks as the assistant's, where borders fall inside tokens.

Needs transformers, and a folder with `smol/tokenizer.json` (Llama 3's with SmolLM3's special tokens) and `qwen3/tokenizer.json`:

    python loss-borders.py FOLDER > ../loss/borders.json
"""
import json
import sys

import transformers
from transformers import PreTrainedTokenizerFast

# Answers whose first or last character may join the token before or behind them.
ANSWERS = ["hello", "\n\nhello", " hello ", "hello ", "  \n x", "\U0001f600", "\u00e9", "\u0301x", "\u65e5\u672c", "ing tail", "don", "12345", "\r\nx", "\u00a0x", ""]
SPAN = "{% generation %}{{ message['content'] }}{% endgeneration %}"
TEMPLATES = {
    # Chat markup around every message.
    "plain": "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' }}{% if message['role'] == 'assistant' %}"
    + SPAN + "{% else %}{{ message['content'] }}{% endif %}{{ '<|im_end|>\\n' }}{% endfor %}",
    # Nothing between the parts that would keep tokens apart.
    "bare": "{% for message in messages %}{% if message['role'] == 'assistant' %}{{ 'A:' }}" + SPAN + "{{ 'END' }}"
    "{% else %}{{ message['content'] }}{% endif %}{% endfor %}",
    # An empty span, then the answer outside of any, then a span of one letter.
    "empty": "{% for message in messages %}{% if message['role'] == 'assistant' %}{% generation %}{% endgeneration %}"
    "{{ message['content'] }}{% generation %}{{ 'x' }}{% endgeneration %}{% else %}{{ message['content'] }}{% endif %}{% endfor %}",
}


def spans_of(name, answer, text):
    if name == "plain":
        start = text.index("assistant\n") + len("assistant\n")
    elif name == "bare":
        start = text.index("A:") + len("A:")
    else:
        start = len("Say e")
        return [[start, start], [len(text) - 1, len(text)]]
    return [[start, start + len(answer)]]


cases = []
for model in ("smol", "qwen3"):
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=f"{sys.argv[1]}/{model}/tokenizer.json")
    for name, template in TEMPLATES.items():
        for answer in ANSWERS:
            messages = [{"role": "user", "content": "Say e"}, {"role": "assistant", "content": answer}]
            text = tokenizer.apply_chat_template(messages, chat_template=template, tokenize=False)
            made = tokenizer.apply_chat_template(
                messages, chat_template=template, return_dict=True, return_assistant_tokens_mask=True
            )
            cases.append({"tok": model, "tpl": name, "text": text, "spans": spans_of(name, answer, text),
                          "ids": made["input_ids"], "mask": made["assistant_masks"]})

made_by = f"transformers {transformers.__version__} apply_chat_template(return_assistant_tokens_mask=True)"
rows = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
print(f'{{"made_by":{json.dumps(made_by)},"spans":"code points","cases":[\n{rows}\n]}}')
