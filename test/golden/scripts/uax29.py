"""Writes texts with the words that UAX 29 has in them, as JSON lines [text, [word, …]]. Needs: regex 2026.11.19. Usage: python uax29.py > ../words/uax29.jsonl"""

import json
import random

import regex

BOUNDARY = regex.compile(r"(?V1w)\b")
POOL = ["a", "b", "É", "1", "2", "'", '"', ".", ",", ":", ";", "_", " ", "  ", "\n", "\r", "\r\n", "\t", "\u0301", "\u200d", "\u00ad", "ア", "イ", "ｱ", "ア\u3099", "א", "ב",
        "漢", "ひ", "한", "🇩", "🇪", "🇫", "👩", "👍", "🏽", "\u2028", "\u3000", "-", "’", "·", "\u180e", "٣", "ก", "Ⓜ", "\u0085", "$", "𝒳"]
TEXTS = [
    "", "The quick (“brown”) fox can’t jump 32.3 feet, right?", "e-mail: a.b@c.de, 1,234.5 and 12:30; U.S.A.'s", "can't 'quoted' l'été O’Neil", "foo_bar __x__ 3_4",
    "👩🏽‍🚀🇩🇪🇫🇷🇬 ok", "カタカナとひらがな、漢字。", "ש\"ש צה\"ל ג'", "a\u0301b\u200dc  d\r\ne", " \t \n ", "ภาษาไทย ๑๒", "한국어 문장.", "naïve café — “quotes” …",
]


def words(text):
    # The module finds boundaries; pieces of white space alone are no words.
    cuts = [0] + [m.start() for m in BOUNDARY.finditer(text)] + [len(text)]
    pieces = [text[a:b] for a, b in zip(cuts, cuts[1:]) if a < b]
    return [piece for piece in pieces if not regex.fullmatch(r"\p{White_Space}*", piece)]


draw = random.Random(29)
for text in TEXTS + ["".join(draw.choice(POOL) for _ in range(draw.randint(2, 14))) for _ in range(400)]:
    print(json.dumps([text, words(text)], ensure_ascii=False))
