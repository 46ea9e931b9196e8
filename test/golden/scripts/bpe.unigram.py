"""Makes test/golden/bpe/unigram.json: a tiny Unigram trained here, in the forms that T5's and XLM-R's files have, and its ids of hard texts.

    python -m venv venv && venv/bin/pip install tokenizers==0.23.2
    venv/bin/python test/golden/scripts/bpe.unigram.py [FOLDER]

With a folder it writes each form as a `tokenizer.json` of its own there, for `bpe.character-fuzz.mjs`.
"""
import json
import os
import random
import sys

from tokenizers import Tokenizer
from tokenizers.models import Unigram
from tokenizers.pre_tokenizers import Metaspace
from tokenizers.trainers import UnigramTrainer

WORDS = """the The of and mill miller grain wheat flour a in to is was wind water stone stones grind grinds 1 12 1984 don't I'm x=1; naïve café Straße Grüße
мельница мука зерно μύλος 水車 小麦粉 製粉所 가루 방앗간 طاحونة גרעין आटा แป้ง 🌾 👩‍🌾 ½ ﬁne () {} <div> ... ▁ é e\u0301 ABC""".split()
SIGNS = [" ", " ", " ", " ", " ", "  ", "\n", ", ", ". ", "-", "/", " 1", "20"]


def corpus(seed):
    below = random.Random(seed)
    for _ in range(400):
        yield "".join(below.choice(WORDS[:40]) + below.choice(SIGNS) for _ in range(20))


def train():
    tokenizer = Tokenizer(Unigram())
    tokenizer.pre_tokenizer = Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.train_from_iterator(corpus(1), UnigramTrainer(vocab_size=220, show_progress=False, unk_token="<unk>", special_tokens=["<s>", "<unk>", "</s>"]))
    return json.loads(tokenizer.to_str())["model"]["vocab"]


charsmap = json.load(open("test/golden/bpe/precompiled.json", encoding="utf-8"))["precompiled_charsmap"]
PRECOMPILED = {"type": "Precompiled", "precompiled_charsmap": charsmap}
SPLIT = {"type": "WhitespaceSplit"}
vocab = train()
assert vocab[1][0] == "<unk>"
BYTES = [[f"<0x{byte:02X}>", -9.0] for byte in range(256)]
least = min(score for _, score in vocab)
#: Of equal sums the first counts, and unknown characters side by side may spell a token.
TIES = [[token, float(-len(token)) if len(token) < 4 else score] for token, score in vocab] + [["☃☃", 30.0], ["aa", -1.0], ["<unk>x", -3.0]]
#: The two ways to read "..." differ in the last bit, and the other way round if scores were the nearest doubles of their digits.
NEAR = [["<s>", 0], ["<unk>", 0], ["</s>", 0], ["▁", -3.9264282154159984], [".", -9.999640405349695], ["..", -3.9329233671660395]]


def metaspace(split=True, **more):
    return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": split} | more


def sequence(*steps):
    return {"type": "Sequence", "pretokenizers": list(steps)}


def both(*steps):
    return {"type": "Sequence", "normalizers": list(steps)}


ONE_BLANK = {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"}
#: name: normalizer, pre-tokenizer, vocabulary, whether bytes stand for unknown text
VARIANTS = {
    "xlm-r": (PRECOMPILED, sequence(SPLIT, metaspace()), "trained", False),
    "t5": (both(PRECOMPILED, {"type": "Strip", "strip_left": False, "strip_right": True}, ONE_BLANK), metaspace(), "trained", False),
    "words": (None, sequence(SPLIT, metaspace()), "trained", False),
    "first": (None, metaspace(prepend_scheme="first"), "trained", False),
    "never": ({"type": "NFKC"}, metaspace(prepend_scheme="never"), "trained", False),
    "whole": (None, metaspace(False), "trained", False),
    "albert": (both({"type": "NFKD"}, {"type": "StripAccents"}, {"type": "Lowercase"}), sequence(SPLIT, metaspace()), "trained", False),
    "no blanks": (None, None, "trained", False),
    "cut at blanks": (None, SPLIT, "ties", False),
    "bytes": (PRECOMPILED, metaspace(), "bytes", True),
    "bytes that are missing": (None, metaspace(), "some bytes", True),
    "bytes, whole": (None, metaspace(False), "bytes", True),
    "bytes, unused": (None, metaspace(), "bytes", False),
    "ties": (None, metaspace(), "ties", False),
    "near ties": (None, metaspace(), "near", False),
    "ties, whole": (None, metaspace(False), "ties", False),
}  # fmt: skip
VOCABULARIES = {"trained": vocab, "bytes": vocab + BYTES, "some bytes": vocab + BYTES[:200], "ties": TIES, "near": NEAR}
PIECES = [
    *WORDS, *SIGNS, "▁", "▁▁", " ▁", "\t", "\r\n", "\u00a0", "\u3000", "\u200b", "☃", "☃☃", "☃☃☃", "aa", "aaa", "<unk>", "<unk", "<unk>x", "<s>", "<0x41>",
    "zzzz", "    ", "水車小麦粉製粉所", "😀", "\u0301", "\u0000", "\ufffd", "A\u030a", "x", "the mill",
]  # fmt: skip


def texts():
    below = random.Random(2)
    yield from ["", " ", "▁", "  ", "a", " a", "a ", "\n", "mill", "▁mill", " the", "the", "the mill", "☃ ☃", "☃a☃☃b", "  ▁ x", "...", "a▁b", "▁ ▁a", " \u3000 "]
    for _ in range(100):
        yield "".join(below.choice(PIECES) for _ in range(below.randint(1, 10)))
    yield " ".join(below.choice(WORDS) for _ in range(60))


SPECIALS = [
    {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    for id, content in [(0, "<s>"), (2, "</s>")]
]
hard = list(dict.fromkeys(texts()))
variants = {}
for name, (normalizer, pre_tokenizer, of, byte_fallback) in VARIANTS.items():
    model = {"type": "Unigram", "unk_id": 1, "vocab": VOCABULARIES[of], "byte_fallback": byte_fallback}
    file = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": SPECIALS, "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer, "post_processor": None, "decoder": None, "model": model,
    }  # fmt: skip
    tokenizer = Tokenizer.from_str(json.dumps(file))
    ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in hard]
    variants[name] = {"normalizer": normalizer, "pre_tokenizer": pre_tokenizer, "vocab": of, "byte_fallback": byte_fallback, "ids": ids}
    if len(sys.argv) > 1:
        with open(os.path.join(sys.argv[1], name.replace(" ", "-").replace(",", "") + ".json"), "w", encoding="utf-8") as out:
            json.dump(file, out, ensure_ascii=False)
golden = {"added_tokens": SPECIALS, "vocabularies": VOCABULARIES, "texts": hard, "variants": variants}
with open("test/golden/bpe/unigram.json", "w", encoding="utf-8") as out:
    json.dump(golden, out, ensure_ascii=False, separators=(",", ":"))
    out.write("\n")
print(len(vocab), "tokens,", len(hard), "texts,", len(variants), "variants")
