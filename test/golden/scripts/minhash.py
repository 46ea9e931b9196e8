"""Makes test/golden/minhash/signatures.json with datatrove 0.10.0: words, signatures and band keys of a few texts.

Run: python test/golden/scripts/minhash.py > test/golden/minhash/signatures.json
Needs datatrove 0.10.0, spaCy 3.8 and xxhash 3.5 (xxhash 4 breaks datatrove 0.10).
"""
import json
import struct

import numpy as np
import xxhash
from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupSignature
from datatrove.utils.hashing import HashConfig
from datatrove.utils.text import simplify_text
from datatrove.utils.typeshelper import Languages

VOCABULARY = """river stone mill grain wheel water miller flour sack cart road market baker oven bread morning village
bridge autumn harvest field horse rope bell tower clock evening lantern kitchen table window garden""".split()


def long_text(words):
    state, out = 12345, []
    for _ in range(words):
        state = (state * 1103515245 + 12345) % 2**31
        out.append(VOCABULARY[(state >> 16) % len(VOCABULARY)])
    return " ".join(out)


TEXTS = {
    "vector": "The Quick brown fox, jumped over 1,234.5 lazy dogs — naïve café.",
    "five_words": "one mill grinds fine flour",
    "four_words": "one mill grinds flour",
    "empty": "",
    "contractions": "Don't worry, it isn't over: they're gonna say you can't, but I'm sure we'll manage. It's 5 o'clock!",
    "lines": "First line\r\nsecond line\tand a tab\n\n\nthird\u00a0line — the “last” one… (really)\x0b",
    "accents": "Ångström, façade, Žluťoučký kůň, Việt Nam; re\u0301sume\u0301 and résumé are one word here",
    "russian": "Мельница у реки молола зерно до позднего вечера, и мельник не спешил домой.",
    "mixed": "Price: €12.50 (was $1,299) — see https://example.org/a?b=c&d=1 or mail a.b@example.org 👍🏽 today",
    "long": long_text(2500),
}


def halves(values):
    return [f"{int(v):016x}" for v in values]


result = []
for name, text in TEXTS.items():
    entry = {"name": name, "text": text}
    for hash_name, key in (("xxhash", "xxh64"), ("sha1", "sha1")):
        config = MinhashConfig(hash_config=HashConfig(precision=64, hash_fc=hash_name))
        stage = MinhashDedupSignature("/tmp/unused", config=config, language=Languages.english)
        entry["words"] = stage.word_tokenizer.word_tokenize(simplify_text(text, config.norm_config))
        shingles = stage.get_shingles(text)
        if shingles.size == 0:
            entry[key] = None
            continue
        with np.errstate(over="ignore"):
            bands = stage.get_signature(shingles)
        entry[key] = {
            "shingles": len(shingles),
            "first_shingle": f"{int(shingles[0, 0]):016x}",
            "signature": "".join(halves(v for band in bands for v in band)),
            "band_keys": "".join(
                halves(xxhash.xxh64_intdigest(struct.pack("<8QI", *band, number)) for number, band in enumerate(bands))
            ),
        }
    entry["words"] = " ".join(entry["words"])
    result.append(entry)
print(json.dumps(result, ensure_ascii=True, indent=1))
