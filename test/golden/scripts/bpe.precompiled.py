"""Makes test/golden/bpe/precompiled.json: a small charsmap of SentencePiece, and what `tokenizers` makes of hard texts with it.

    python -m venv venv && venv/bin/pip install tokenizers==0.23.2 sentencepiece==0.2.3 protobuf
    venv/bin/python test/golden/scripts/bpe.precompiled.py

With `--nmt` it writes the charsmap `nmt_nfkc`, which T5 and XLM-R have, as base64 to the output instead: 240 kB, for
`bpe.precompiled-fuzz.mjs`.
"""
import base64
import json
import os
import random
import sys
import tempfile

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers.normalizers import Precompiled

#: What is replaced, and by what. Keys that begin with other keys are never found; SentencePiece itself would find them.
RULES = {
    "A": "a", "B": "b", "\t": " ", "\n": " ", "\r": " ", "\u00a0": " ", "\u3000": " ", "\u200b": "", "\u0007": "", "½": "1/2", "ﬁ": "fi",
    "①": "1", "é": "e", "e\u0301": "é", "d\u0301": "D", "ab": "never", "cd": "two characters", "\u0301": "'", "カ\u3099": "ガ", "\u3099": "",
    "क": "ka", "\u0600": "<", "©": "(c)", "\u1112\u1161": "하", "한": "han", "👍": "+1", "\ufdfa": "صلى الله عليه وسلم", "▁": "_", "👨\u200d": "!",
}  # fmt: skip


def charsmap(**spec):
    with tempfile.TemporaryDirectory() as folder:
        text, model = os.path.join(folder, "text"), os.path.join(folder, "model")
        with open(text, "w", encoding="utf-8") as out:
            out.write("the mill grinds the wheat of the miller\n" * 100)
        if "rules" in spec:
            spec = {"normalization_rule_tsv": os.path.join(folder, "rules")}
            with open(spec["normalization_rule_tsv"], "w", encoding="utf-8") as out:
                for key, value in RULES.items():
                    out.write("\t".join(" ".join(f"{ord(char):x}" for char in side) for side in (key, value)) + "\n")
        sentencepiece.SentencePieceTrainer.train(
            input=text, model_prefix=model, vocab_size=40, hard_vocab_limit=False, minloglevel=2, **spec
        )
        trained = sentencepiece_model_pb2.ModelProto()
        with open(model + ".model", "rb") as file:
            trained.ParseFromString(file.read())
    return trained.normalizer_spec.precompiled_charsmap


PIECES = [
    *RULES, "a", "b", "c", "d", " ", "x", "e", "\u0300", "\u0308", "\u0903", "\u094d", "\u200d", "\u200c", "क", "ष", "त", "\u0600", "\u06dd", "\u1100",
    "\u1161", "\u11a8", "가", "각", "한", "🇩", "🇪", "👨", "👩", "❤", "\ufe0f", "🏽", "\r\n", "\u0000", "\u0085", "\u2028", "\U000e0001", "\u00ad",
    "ไ", "ำ", "\u0e33", "\U00011133", "\U00011f42", "\u0d4e", "\U00016d63", "\U0001193f", "®", "\ufeff", "か",
]  # fmt: skip


def texts():
    below = random.Random(3)
    yield from ["", *RULES, *("x" + key + "x" for key in RULES), *(key + "\u0300" for key in RULES), *("e" + key for key in RULES)]
    yield from ["\r\n", "a\r\n\u0301", "\u0000\u0301", "क\u094dक\u0301", "क\u0301\u094dक\u0301", "©\u200d©\u0301", "\u0600\u1112\u1161", "\u1112\u1161\u0301"]
    for _ in range(400):
        yield "".join(below.choice(PIECES) for _ in range(below.randint(1, 12)))


if "--nmt" in sys.argv:
    print(base64.b64encode(charsmap(normalization_rule_name="nmt_nfkc")).decode())
else:
    made = charsmap(rules=True)
    normalizer = Precompiled(made)
    pairs = [[text, normalizer.normalize_str(text)] for text in dict.fromkeys(texts())]
    golden = {"precompiled_charsmap": base64.b64encode(made).decode(), "texts": pairs}
    with open("test/golden/bpe/precompiled.json", "w", encoding="utf-8") as out:
        json.dump(golden, out, separators=(",", ":"))
        out.write("\n")
    print(len(made), "bytes of charsmap,", len(pairs), "texts")
