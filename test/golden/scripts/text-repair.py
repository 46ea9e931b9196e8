"""Writes test/golden/text-repair/: texts, and what ftfy, datatrove and DCLM make of them.

Needs: ftfy 6.3.1, datatrove 0.10.1, regex; a checkout of mlfoundations/dclm at 361714b, of which
`baselines/mappers/{modifiers,core_utils}.py` are run.
Usage: python test/golden/scripts/text-repair.py DCLM
"""

import html.entities
import json
import pathlib
import random
import re
import sys
import types

import ftfy
import ftfy.bad_codecs
from datatrove.pipeline.formatters import FTFYFormatter, PIIFormatter, SymbolLinesFormatter
from ftfy import chardata
from ftfy.badness import MOJIBAKE_CATEGORIES

assert ftfy.__version__ == "6.3.1"
OUT = pathlib.Path(__file__).parent.parent / "text-repair"
random.seed(20)
pick = random.choice

SENTENCES = """The café’s “naïve” crème brûlée — 5 € a piece…
Größe und Maß: die Straße führt über die Brücke.
L’œuvre d’été, où l’on rêve à voix basse.
Él señaló el año pasado: ¿qué pasó mañana?
Não há razão às avessas; à noite chove.
Příliš žluťoučký kůň úpěl ďábelské ódy.
Zażółć gęślą jaźń, proszę.
Съешь ещё этих мягких французских булок.
Ξεσκεπάζω την ψυχοφθόρα βδελυγμία.
Żeby ąęółśżźćń było “dobrze”.
いろはにほへと、ちりぬるを。
天地玄黄，宇宙洪荒。
دع الأيام تفعل ما تشاء
नमस्ते दुनिया, कैसे हो?
Türkçe ığüşöç İstanbul’da.
Smile 😀 and wave 👋🏽, then 🏴󠁧󠁢󠁷󠁬󠁳󠁿.
Nothing is wrong with this sentence.
A price of £20, ±5 %, and 3½ × 2² m².""".split("\n")

LETTERS = list(" abcXYZ.,?!-0123\n") + [
    chr(code)
    for code in range(0x80, 0x10000)
    if any(re.match(f"[{members}]", chr(code)) for members in MOJIBAKE_CATEGORIES.values())
]
CONTROLS = (
    "\x00 \x07 \x0b \x0c \r \r\n \x1b[31m \x1b[0;1;٣m \x1b[ \x7f \x85 \x80 \x9d \u200b \u2028 \ufeff \ufffc \u206a "
    "\ufffd \u3000 ﬁ Ａ ﾀ “ ’ e\u0301 ŉ ¨ \x1a"
).split(" ")
ENTITIES = list(html.entities.html5)
REFERENCES = (
    "&; &#; &#x; &#12ab; &#xzz; &abcdefghijklmnopqrstuvwxyz; &amp;lt; &amp;amp;#39; &#59; &#x3B; &#0; &#13; &#x80; "
    "&#x1fffe; &#1114112; &#xD800; &#000000000000000000000039; &#0000000000000000000000039; &NTILDE; &nTILDE;"
).split(" ")


def mojibake(text):
    try:
        broken = text.encode().decode(pick(chardata.CHARMAP_ENCODINGS + ["latin-1", "sloppy-windows-1252"]))
    except UnicodeDecodeError:
        return text
    chance = random.random()
    if chance < 0.2:
        return broken.replace("\xa0", " ")
    if chance < 0.35:
        return "".join(pick("\ufffd?") if 0x80 <= ord(char) < 0xA0 else char for char in broken)
    return broken


def part():
    text = pick(SENTENCES)
    start = random.randrange(len(text))
    return text[start : start + random.randint(3, 24)]


def broken_text():
    chance = random.random()
    if chance < 0.35:
        return mojibake(part())
    if chance < 0.45:
        return mojibake(mojibake(part()))
    if chance < 0.55:
        return part() + mojibake(part())
    if chance < 0.6:
        return "\n".join(pick([part(), mojibake(part()), "<b>", "&amp;"]) for _ in range(4))
    if chance < 0.72:
        return "".join(pick(LETTERS) for _ in range(random.randint(1, 12)))
    if chance < 0.82:
        text = part()
        at = random.randrange(len(text) + 1)
        return text[:at] + "".join(pick(LETTERS) for _ in range(3)) + text[at:]
    if chance < 0.9:
        number = random.choice([random.randrange(0x110010), random.randrange(300)])
        named = "&" + pick(ENTITIES).rstrip(";") + pick(["", ";", ";"])
        reference = pick([named, named.upper(), f"&#{number};", f"&#x{number:X};", pick(REFERENCES)])
        return reference + pick(["", "<", part()])
    text = part()
    at = random.randrange(len(text) + 1)
    return text[:at] + pick(CONTROLS) + pick(CONTROLS) + text[at:]


def save(name, value):
    OUT.mkdir(exist_ok=True)
    rows = ",\n".join(json.dumps(row, ensure_ascii=True) for row in value)
    (OUT / name).write_text(f"[\n{rows}\n]\n")


def differing(text, *results):
    """The text, and what it becomes; null where it stays."""
    return [text, *(None if result == text else result for result in results)]


every = dict(fix_latin_ligatures=True, fix_character_width=True, uncurl_quotes=True)
every |= dict(fix_line_breaks=True, normalization="NFC")
kept, plain = FTFYFormatter(), FTFYFormatter(**every)
texts = [text for text in (broken_text() for _ in range(2600)) if text.encode("utf-8", "replace").decode() == text]
save("repair.json", [differing(text, kept.format(text), plain.format(text)) for text in texts])

TOKENS = (
    "a b.c john x-y _ . .. @ @@ - [1.2.3.4] [1.2.3.x:] [1.2.3.4 com .com example.com é ß ３ ² Ⅷ ! #a o'b 1.2.3.4 "
    "256.1.1.1 8.8.8.8 08.8.8.8 8.8.8.256 8.8.8.8.8.8 1234.5.6.7890 192.168.1.1 100.64.0.1 224.0.0.1 "
    "255.255.255.255 0.0.0.0 1 25 255 9 % a@b.c a@b.c-.d a@b-.c ( ) \""
).split(" ") + [" ", "\n"]
public = PIIFormatter(email_replacement="EMAIL", ip_replacement="IP")
private = PIIFormatter(email_replacement="EMAIL", ip_replacement="IP", only_remove_public_ips=False)
texts = ["".join(pick(TOKENS) for _ in range(random.randint(2, 8))) for _ in range(1200)]
save("pii.json", [differing(text, public.format(text), private.format(text)) for text in texts])

SYMBOLS = [
    "-", "|", ">>", "*", "a", "é", "１", "。", "\x85", "\n", "\n\n", "\r\n", "\r", "\x0b", "\x1c", " ", "\t", "\xa0",
    "\u2028", "…", "═", "—", "\x07", "\U00011141",
]
texts = ["".join(pick(SYMBOLS) for _ in range(random.randint(0, 12))) for _ in range(500)]
gone, marked = SymbolLinesFormatter(), SymbolLinesFormatter(replace_char="§")
save("symbol-lines.json", [differing(text, gone.format(text), marked.format(text)) for text in texts])


class Absent(types.ModuleType):
    """Stands for what DCLM imports and these functions do not use."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_, **__: None


def words_of_fasttext(text):
    """fastText's tokenizer: white space and NUL cut, a line feed is a token of its own."""
    return [word for word in re.split(r"[ \r\t\v\f\0]+|(\n)", text) if word]


ABSENT = (
    "justext lxml lxml.etree retrie retrie.retrie bs4 fasttext uniseg uniseg.wordbreak nltk nltk.tokenize "
    "nltk.tokenize.punkt unidecode blingfire core core.constants core.factory_utils"
)
for name in ABSENT.split():
    sys.modules[name] = Absent(name)
sys.modules["lxml.etree"].ParserError = ValueError
sys.modules["core.constants"].CONTENT, sys.modules["core.constants"].URL = "text", "url"
sys.modules["core.factory_utils"].factory_function = lambda function: function
sys.modules["fasttext"].FastText = types.SimpleNamespace(tokenize=words_of_fasttext)
sys.path.insert(0, sys.argv[1])
from baselines.mappers import modifiers  # noqa: E402
from baselines.mappers.core_utils import split_words  # noqa: E402

phrase = dict(max_length=10, remove_substring_only=True)
STEPS = [
    lambda page: modifiers.uppercase_ratio_line_modifier(page, max_ratio=0.5),
    lambda page: modifiers.numeric_ratio_line_modifier(page, max_ratio=0.999999),
    modifiers.counter_line_modifier(),
    lambda page: modifiers.line_length_modifier(page, min_length=2),
    modifiers.substring_line_modifier(banlist="items in cart", **phrase),
    modifiers.substring_line_modifier(banlist="Read more...", location="suffix", **phrase),
    modifiers.substring_line_modifier(banlist="Sign-in", location="prefix", **phrase),
]


def corrected(text):
    page = {"text": text}
    for step in STEPS:
        left = step(page)
        if not left:
            return None, "nothing_left"
        page = left[0]
    before = len(split_words(text, ignore_punctuation=True))
    after = len(split_words(page["text"], ignore_punctuation=True))
    if before == 0:
        return page["text"], "too_many_words_removed"
    return page["text"], "too_many_words_removed" if (before - after) / before > 0.05 else ""


LINES = [
    "HOME", "3 likes", "1,024 VIEWS!", "٣ shares", "5.1M   followers ", "12 likes of", "Items in cart",
    "you have 2 items in cart now", "items in cart items in cart", "  ", "", "\t", "12345", "１２３", "²³", "1a",
    "Read more...", "x read more abc", "READ MORE>>>", "Sign-in", "sign-in now", "Sign-in\xa0 x", " Sign-in", "one",
    "two words", "Ⅷ Ⅷ", "É", "éÉÈ", "- -", "\x0b", "\x85 ", "a b c d e f g h i items in cart",
    "a b c d e f g h items in cart", "read more\u2028...", "(3) downloads", "_3 likes", "3likes", "3,. likes",
    "3k\xa0quotes…", "ItemS In Cart.", "A line of some length that is nothing but prose.",
]
texts = ["\n".join(pick(LINES) for _ in range(random.randint(0, 6))) for _ in range(500)]
texts += [f"{LINES[-1]} " * 9 + "\n" + text for text in texts[:100]]
save("dclm-lines.json", [[text, *corrected(text)] for text in texts])
