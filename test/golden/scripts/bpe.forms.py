"""Makes test/golden/bpe/forms.json: small tokenizer files, one for each form and flag there is, and the ids `tokenizers` gives with them.

    python -m venv venv && venv/bin/pip install tokenizers==0.23.2
    venv/bin/python test/golden/scripts/bpe.forms.py

All share one model: the 256 bytes and merges between symbols that stand at every kind of border, so that a border in the wrong place shows.
`ids` has, for each form, the ids of every text with special tokens read as text, and `parsed` those where they are parsed and differ.
"""
import json
import random
from pathlib import Path

from tokenizers import Tokenizer

OUT = Path(__file__).resolve().parents[1] / "bpe" / "forms.json"
TEXTS = 60


def byte_alphabet():
    spare = 0x100
    letters = []
    for byte in range(256):
        if 0x21 <= byte <= 0x7E or 0xA1 <= byte <= 0xAC or 0xAE <= byte <= 0xFF:
            letters.append(chr(byte))
        else:
            letters.append(chr(spare))
            spare += 1
    return letters


SYMBOLS = ["Ġ", "Ċ", "a", "B", "1", "!", "'", "s", "Ã", "©", "<", "|"]
VOCAB = {letter: byte for byte, letter in enumerate(byte_alphabet())}
MERGES = [[left, right] for left in SYMBOLS for right in SYMBOLS]
for _left, _right in MERGES:
    VOCAB[_left + _right] = len(VOCAB)
MODEL = {"type": "BPE", "vocab": VOCAB, "merges": MERGES}

BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
GPT2 = {**BYTES, "use_regex": True}


def sequence(*steps):
    return {"type": "Sequence", "pretokenizers": list(steps)}


def split(pattern, behavior="Isolated", invert=False):
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": invert}


def text_split(pattern, behavior="Isolated", invert=False):
    return {**split("", behavior, invert), "pattern": {"String": pattern}}


def token(content, **flags):
    plain = {"special": False, "normalized": False, "lstrip": False, "rstrip": False, "single_word": False}
    return {"id": 0, "content": content, **plain, **flags}


def numbered(tokens):
    free = len(VOCAB)
    for entry in tokens:
        if entry["content"] in VOCAB:
            entry["id"] = VOCAB[entry["content"]]
        else:
            entry["id"] = free
            free += 1
    return tokens


def form(pre_tokenizer=GPT2, tokens=(), normalizer=None):
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": numbered([dict(entry) for entry in tokens]),
        "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": None,
        "decoder": None,
    }


NFC = {"type": "NFC"}
TEKKEN = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}"
    r"\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
CL100K = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
POSSESSIVE = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)
HAN_FIRST = (
    r"[\p{Han}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+"
    r"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
DEEPSEEK_V3 = sequence(
    split(r"\p{N}{1,3}"),
    split("[一-龥\u3040-ゟ゠-ヿ]+"),
    split(
        r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^"
        + "\r\n"
        + r"\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+["
        + "\r\n"
        + r"]*|\s*["
        + "\r\n"
        + r"]+|\s+(?!\S)|\s+"
    ),
    BYTES,
)
DEEPSEEK_CODER = sequence(
    split("[\r\n]"),
    split(r"\s?\p{L}+"),
    split(r"\s?\p{P}+"),
    split("[一-龥ࠀ-一가-퟿]+"),
    {"type": "Digits", "individual_digits": True},
    BYTES,
)
DEEPSEEK_LLM = sequence(
    split("[\r\n]"),
    split(r"\s?[A-Za-zµÀ-ÖØ-öø-ƺͰ-ͳ]+"),
    split(r"\s?[!-/:-~！-／：-～‘-‟　-。]+"),
    split(r"\s+$"),
    split("[一-龥ࠀ-一가-퟿]+"),
    {"type": "Digits", "individual_digits": True},
    BYTES,
)
FALCON = sequence(
    {"type": "Punctuation", "behavior": "Contiguous"},
    GPT2,
    {"type": "Digits", "individual_digits": False},
    split("[0-9][0-9][0-9]"),
)
BLOOM = sequence(split(r" ?[^(\s|[.,!?…。，、।۔،])]+"), BYTES)
BLANKS = [token(" " * count, normalized=True) for count in range(24, 1, -1)]
CHAT = [
    token("<|end|>", special=True),
    token("<|im_start|>", special=True),
    token("<think>"),
    token("</think>"),
    token("<tool_call>"),
]

FORMS = {
    "added tokens, some special": form(tokens=CHAT),
    "added tokens, NFC": form(sequence(split(CL100K), BYTES), CHAT, NFC),
    "runs of blanks, NFC": form(tokens=[token("<|end|>", special=True), *BLANKS], normalizer=NFC),
    "runs of blanks, special too": form(tokens=[*BLANKS, token("  \n", special=True)]),
    "normalized tokens": form(
        tokens=[token("é", normalized=True), token("e\u0301s"), token("a\u030a", normalized=True), token("<e\u0301>")],
        normalizer=NFC,
    ),
    "lstrip": form(tokens=[token("<think>", lstrip=True), token("<|end|>", special=True, lstrip=True), token("aB")]),
    "rstrip": form(tokens=[token("<think>", rstrip=True), token("<|end|>", special=True, rstrip=True), token("  ")]),
    "lstrip and rstrip": form(tokens=[token("<think>", lstrip=True, rstrip=True), token("B", rstrip=True, lstrip=True)]),
    "single_word": form(tokens=[token("a", single_word=True), token("B!", single_word=True), token("中", single_word=True)]),
    "all flags": form(
        tokens=[token("aB", single_word=True, lstrip=True, rstrip=True, normalized=True), token("<|end|>", rstrip=True)],
        normalizer=NFC,
    ),
    "longest wins": form(tokens=[token("aa"), token("aaB"), token("aaBs", special=True), token("Bs1"), token("s1!")]),
    "tokens of the model": form(tokens=[token("a", special=True), token("!!"), token("ĠĠ")]),
    "one byte tokens": form(tokens=[token("\n"), token("s", special=True)]),
    "prefix space": form({**GPT2, "add_prefix_space": True}, CHAT),
    "prefix space without words": form({**BYTES, "add_prefix_space": True}, CHAT),
    "prefix space behind a split": form(sequence(split("[aB]+", "Removed"), {**GPT2, "add_prefix_space": True})),
    "no words at all": form(BYTES, CHAT),
    "falcon": form(FALCON, [token(">>TITLE<<", special=True)]),
    "bloom": form(BLOOM, [token("<s>", special=True)]),
    "phi": form(tokens=[token("<|end|>", special=True), *BLANKS[12:], token("\t\t", normalized=True)]),
    "command r": form(sequence({"type": "Digits", "individual_digits": True}, GPT2), CHAT, NFC),
    "tekken": form(sequence(split(TEKKEN), BYTES), CHAT),
    "deepseek v3": form(DEEPSEEK_V3, CHAT),
    "deepseek coder": form(DEEPSEEK_CODER, CHAT),
    "deepseek llm": form(DEEPSEEK_LLM, CHAT),
    "possessive": form(sequence(split(POSSESSIVE), BYTES)),
    "scripts and intersections": form(sequence(split(HAN_FIRST), BYTES)),
    "matches kept, gaps removed": form(sequence(split(CL100K, "Removed", True), BYTES)),
    "whitespace": form(sequence({"type": "Whitespace"}, BYTES)),
    "whitespace split, punctuation": form(sequence({"type": "WhitespaceSplit"}, {"type": "Punctuation"}, BYTES)),
    "bert": form(sequence({"type": "BertPreTokenizer"}, BYTES)),
    "text split": form(sequence(text_split(" ", "MergedWithNext"), text_split("a1"), text_split(""), BYTES)),
    "lookarounds": form(
        sequence(split(r"(?<=[a1])B|(?<!s)!|a(?=B)|1(?!1)"), split(r"\b|(?>\s+)a|^'|'$|\A<|\|\z"), BYTES)
    ),
    "atomic": form(sequence(split(r"(?>a|aB)s|(?:B|1)*+1|\s{2}+|'{1,2}+|!{2}?|<{,2}\|", "Contiguous"), BYTES)),
    "without case": form(sequence(split(r"(?i)ab|[s1]!|(?-i:a)'"), BYTES)),
}
for _behavior in ["Isolated", "Removed", "Contiguous", "MergedWithPrevious", "MergedWithNext"]:
    for _invert in [False, True]:
        _name = f"{_behavior}{' inverted' if _invert else ''}"
        FORMS[_name] = form(sequence(split(r"a+|\s|!", _behavior, _invert), BYTES))
        if not _invert:
            FORMS[f"punctuation {_name}"] = form(sequence({"type": "Punctuation", "behavior": _behavior}, GPT2))

COMMON = [" ", " ", "  ", "\n", "\t", "a", "B", "1", "!", "'", "s", "'s", "é", "e\u0301", "中", "か", "\u0301", "٣", "½", "🙂", "\u3000", "ò"]
COMMON += ["aa", "aB", "Ab", "sS", "ſ", "111", "<", "|", "<|", "|>", ">", "<|end", "\r\n", "। ", "\u200d", "²", "_", "$", "ⓐ", "カ・", "\u3040", "。"]


def pieces_of(file):
    contents = [entry["content"] for entry in file["added_tokens"]]
    near = [content[:-1] for content in contents] + [content[1:] for content in contents]
    return [*COMMON, *contents, *contents, *near]


def texts_of(name, file):
    below = random.Random(name)
    pieces = pieces_of(file)
    return ["".join(below.choice(pieces) for _ in range(below.randint(1, 14))) for _ in range(TEXTS)]


def ids_of(tokenizer, texts, parse):
    tokenizer.encode_special_tokens = not parse
    return [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]


def main():
    forms = {}
    for name, file in FORMS.items():
        tokenizer = Tokenizer.from_str(json.dumps({**file, "model": MODEL}))
        for entry in file["added_tokens"]:
            assert tokenizer.token_to_id(entry["content"]) == entry["id"], (name, entry)
        texts = texts_of(name, file)
        ids = ids_of(tokenizer, texts, False)
        parsed = ids_of(tokenizer, texts, True)
        forms[name] = {
            "file": file,
            "texts": texts,
            "ids": ids,
            "parsed": {index: made for index, made in enumerate(parsed) if made != ids[index]},
        }
    lines = [f"  {json.dumps(name, ensure_ascii=False)}: {json.dumps(made, ensure_ascii=False, separators=(',', ':'))}" for name, made in forms.items()]
    model = json.dumps(MODEL, ensure_ascii=False, separators=(",", ":"))
    OUT.write_text('{"model": ' + model + ',\n"forms": {\n' + ",\n".join(lines) + "\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
