"""Writes test/golden/bpe/characters.json: a small vocabulary of characters, the ways SentencePiece-style files use one, and what
`tokenizers` makes of hard texts with each.

Needs: tokenizers 0.23. Run from the repository root: python test/golden/scripts/bpe.characters.py
"""

import json
import random

from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.normalizers import Replace
from tokenizers.pre_tokenizers import Metaspace
from tokenizers.trainers import BpeTrainer

WORDS = """the mill grinds corn into flour and the miller sells it at market where farmers bring their grain in carts
every shard is read filtered cleaned tokenized packed written again Großmühle Müller mahlt Korn für Brot déjà vu naïve façade
мельница мелет зерно мука хлеб мельник привет мир μύλος αλεύρι σίτος 水車 小麦 粉屋 製粉 日本語 中文 字符 한국어 제분소 밀가루
def return import class self None True print range len x y z foo(bar) a=b; i++ {} [] () <div> </div> 🌾 🌾🌾 👩‍🌾 ½ ﬁne
""".split()
SIGNS = [" ", " ", " ", " ", " ", "  ", "    ", "\n", "\n\n", ", ", ". ", "! ", "; ", ": ", "-", "_", "/", "...", " 1", "20", "365"]


def corpus(seed):
    below = random.Random(seed)
    for _ in range(400):
        yield "".join(below.choice(WORDS) + below.choice(SIGNS) for _ in range(30))


def train():
    """Tokens in the order of SentencePiece: specials, the 256 bytes, what merges make by rank, characters."""
    tokenizer = Tokenizer(BPE())
    tokenizer.normalizer = Replace(" ", "▁")
    tokenizer.pre_tokenizer = Metaspace(replacement="▁", prepend_scheme="never", split=False)
    trainer = BpeTrainer(vocab_size=620, show_progress=False, max_token_length=12, limit_alphabet=150)
    tokenizer.train_from_iterator(corpus(1), trainer)
    model = json.loads(tokenizer.to_str())["model"]
    merges = [merge.split(" ") if isinstance(merge, str) else merge for merge in model["merges"]]
    # SentencePiece lets a blank stand at a word's beginning only.
    inside = lambda token: "▁" in token.lstrip("▁")
    merges = [pair for pair in merges if not inside("".join(pair)) and "\n" not in pair[0][-1:] + pair[1][:1]]
    made = ["".join(pair) for pair in merges]
    known = {token for token in model["vocab"] if len(token) == 1} | set(made)
    merges = [pair for pair in merges if pair[0] in known and pair[1] in known]
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    tokens += dict.fromkeys("".join(pair) for pair in merges)
    tokens += sorted(token for token in model["vocab"] if len(token) == 1 and token != "\n")
    return {token: id for id, token in enumerate(tokens)}, merges


SPECIALS = [
    {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    for id, content in enumerate(["<unk>", "<s>", "</s>"])
]
PREPEND = {"type": "Prepend", "prepend": "▁"}
SIGN = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
LLAMA = {"type": "Sequence", "normalizers": [PREPEND, SIGN]}
SPLIT = {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False}


def metaspace(scheme, split=True):
    return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split}


def sequence(*steps):
    return {"type": "Sequence", "normalizers": list(steps)}


def regex(pattern, content):
    return {"type": "Replace", "pattern": {"Regex": pattern}, "content": content}


NO_BYTES = {"byte_fallback": False}
#: name: normalizer, pre-tokenizer, changes of the model
VARIANTS = {
    "llama": (LLAMA, None, {}),
    "gemma": (SIGN, SPLIT, {}),
    "gemma 1": (SIGN, None, {}),
    "metaspace always": (None, metaspace("always"), {}),
    "metaspace first": (None, metaspace("first"), {}),
    "metaspace never": (None, metaspace("never"), {}),
    "metaspace whole": (None, metaspace("first", False), {}),
    "metaspace of old": (None, {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True}, {}),
    "whole words": (None, metaspace("always"), {"ignore_merges": True}),
    "whole words, whole text": (LLAMA, None, {"ignore_merges": True}),
    "unknown": (LLAMA, None, NO_BYTES | {"fuse_unk": False}),
    "unknown, fused": (LLAMA, None, NO_BYTES),
    "unknown, fused in words": (None, metaspace("always"), NO_BYTES),
    "bytes as text": (None, None, NO_BYTES),
    "plain blanks are bytes": (None, None, {}),
    "blanks of a compatibility form": (sequence(SIGN, {"type": "NFKC"}), None, {}),
    "nfc": (sequence({"type": "NFC"}, PREPEND, SIGN), None, {}),
    "nfd": (sequence({"type": "NFD"}, SIGN), SPLIT, {}),
    "nfkc": (sequence({"type": "NFKC"}, SIGN), SPLIT, {}),
    "nfkd": ({"type": "NFKD"}, metaspace("first"), {}),
    "lowercase": (sequence({"type": "Lowercase"}, SIGN, PREPEND), None, {}),
    "strip": ({"type": "Strip", "strip_left": True, "strip_right": True}, metaspace("always"), {}),
    "strip right": (sequence({"type": "Strip", "strip_left": False, "strip_right": True}, PREPEND, SIGN), None, {}),
    "accents": (sequence({"type": "NFD"}, {"type": "StripAccents"}, SIGN), None, {}),
    "one blank": (sequence(regex(" {2,}", " ")), metaspace("always"), {}),
    "split at blanks": (None, SPLIT, {}),
    "digits": (LLAMA, {"type": "Digits", "individual_digits": True}, {}),
    "words": (None, {"type": "WhitespaceSplit"}, NO_BYTES),
    "replace": (sequence({"type": "Replace", "pattern": {"String": "``"}, "content": '"'}, SIGN, PREPEND), None, {}),
}
PIECES = [
    *WORDS, *SIGNS, "▁", "▁▁", " ▁", "\t", "\r\n", "\u00a0", "\u3000", "\ufeff", "e\u0301", "É", "é", "İ", "ΣΑΣ", "ς", "Ⅷ", "①", "\ufdfa", "㋿",
    "\ua7cb", "ﬃ", "각", "\u1100\u1161\u11a8", "क्षि", "ไทย", "שָׁלוֹם", "مرحبا", "😀", "👍🏽", "\u0000", "\ufffd", "``", "''", "<0x41>", "<unk", "zzzzzzzzzz",
    "                    ", "水車水車小麦粉製粉", "\u0301", "\u1dc4", "A\u030a",
]


def texts():
    below = random.Random(2)
    yield from ["", " ", "▁", "  ", "a", " a", "a ", "\n", "mill", "▁mill", " the", "the", "the mill", "é", "🌾🌾🌾", "☃☃☃", "☃ ☃", "☃a☃☃b", "  ▁ x"]
    for _ in range(90):
        yield "".join(below.choice(PIECES) for _ in range(below.randint(1, 10)))
    yield " ".join(below.choice(WORDS) for _ in range(60))
    yield "".join(below.choice("中文字符水車小麦粉日本語ABC日") for _ in range(200))


vocab, merges = train()
base = {
    "type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None, "end_of_word_suffix": None,
    "fuse_unk": True, "byte_fallback": True, "ignore_merges": False, "vocab": vocab, "merges": [" ".join(pair) for pair in merges],
}  # fmt: skip
hard = list(dict.fromkeys(texts()))
variants = {}
for name, (normalizer, pre_tokenizer, changes) in VARIANTS.items():
    file = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": SPECIALS, "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer, "post_processor": None, "decoder": None, "model": base | changes,
    }  # fmt: skip
    tokenizer = Tokenizer.from_str(json.dumps(file))
    ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in hard]
    variants[name] = {"normalizer": normalizer, "pre_tokenizer": pre_tokenizer, "model": changes, "ids": ids}
golden = {"added_tokens": SPECIALS, "model": base, "texts": hard, "variants": variants}
with open("test/golden/bpe/characters.json", "w", encoding="utf-8") as out:
    json.dump(golden, out, ensure_ascii=False, separators=(",", ":"))
    out.write("\n")
print(len(vocab), "tokens,", len(merges), "merges,", len(hard), "texts,", len(variants), "variants")
