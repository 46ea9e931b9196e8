"""Writes tables.gen.ts: the Unicode tables of the kernels, pinned to Unicode 14.0.

The source is the character database of CPython 3.11 itself (Unicode 14.0), because that is what the Python tools being matched
(datatrove's text normalizer, spaCy's tokenizer) read at run time. One exception: `\\p{Nd}` of the normalizer's number rule comes from
the third-party `regex` module, which carries newer tables; its digits are taken from there.

Needs: Python 3.11, datatrove 0.10, regex. Usage: python kernels/unicode/generate.py > kernels/unicode/tables.gen.ts
"""

import base64
import sys
import unicodedata

import regex
from datatrove.utils.text import PUNCTUATION
from runs import LIMIT, runs

assert unicodedata.unidata_version == "14.0.0", "run me with Python 3.11: the tables are pinned to Unicode 14.0"

CATEGORIES = "Cn Cc Cf Co Cs Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp".split()
SURROGATES = range(0xD800, 0xE000)

# Actions of the normalizer, shared with kernels/normalize.ts.
COPY, SPACE, DIGIT, DROP, DROP_STARTER, HANGUL, SIGMA = range(7)
FIRST_REORDER = 8
FIRST_MAPPING = 32


def case_context(character):
    """Bit 0: cased, bit 1: case-ignorable, as str.lower() sees them when it meets a capital sigma."""
    cased = (character + "Σ").lower()[-1] == "ς"
    after_letter = ("A" + character + "Σ").lower()[-1] == "ς"
    return 1 if cased else 2 if after_letter else 0


# Classes of the `unicode` word rules, shared with kernels/words/unicode.ts.
OTHER, LETTER, NUMBER, MARK, FORMAT, APOSTROPHE, ALONE = range(7)
WRITTEN_WITHOUT_SPACES = [
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x312F),  # Han radicals, ideographic numbers and marks, kana, Bopomofo
    (0x3190, 0x4DBF),  # Kanbun, Bopomofo and kana extensions, enclosed ideographs, Han extension A
    (0x4E00, 0x9FFF),  # Han
    (0xA9E0, 0xA9FF),  # Myanmar extended B
    (0xAA60, 0xAA7F),  # Myanmar extended A
    (0xF900, 0xFAFF),  # Han compatibility
    (0xFF66, 0xFF9D),  # halfwidth kana
    (0x1AFF0, 0x1B16F),  # kana supplements
    (0x20000, 0x3FFFF),  # supplementary and tertiary ideographic planes
]


def word_class(code):
    category = unicodedata.category(chr(code))
    if code in (0x27, 0x2019):
        return APOSTROPHE
    if category[0] == "M":
        return MARK
    if category == "Cf" and code != 0x200B:  # a zero-width space is there to separate words
        return FORMAT
    if category[0] in "LN":
        if any(first <= code <= last for first, last in WRITTEN_WITHOUT_SPACES):
            return ALONE
        return LETTER if category[0] == "L" else NUMBER
    return OTHER


def canonical(text):
    return unicodedata.normalize("NFD", text)


def normalizer():
    punctuation = set(PUNCTUATION)
    digits = regex.compile(r"\p{Nd}")
    actions = [COPY] * LIMIT
    reorder_classes = []
    mappings = {}
    for code in range(LIMIT):
        if code in SURROGATES:
            continue
        character = chr(code)
        if code == 0x3A3:
            actions[code] = SIGMA
            continue
        lower = character.lower()
        if digits.match(lower):
            actions[code] = DIGIT
            continue
        if lower in punctuation or lower.isspace():
            actions[code] = SPACE
            continue
        assert not any(c in punctuation or c.isspace() or digits.match(c) for c in lower)
        decomposed = canonical(lower)
        kept = "".join(c for c in decomposed if unicodedata.category(c) != "Mn")
        if 0xAC00 <= code <= 0xD7A3:
            actions[code] = HANGUL
        elif kept == "":
            starters = [c for c in decomposed if unicodedata.combining(c) == 0]
            actions[code] = DROP_STARTER if starters else DROP
        elif unicodedata.combining(kept[0]):
            assert kept == character and decomposed == character
            ccc = unicodedata.combining(character)
            if ccc not in reorder_classes:
                reorder_classes.append(ccc)
        elif kept != character:
            mappings[code] = kept
    reorder_classes.sort()
    assert FIRST_REORDER + len(reorder_classes) <= FIRST_MAPPING
    for code in range(LIMIT):
        if code in SURROGATES or actions[code] != COPY:
            continue
        ccc = unicodedata.combining(chr(code))
        if ccc and unicodedata.category(chr(code)) != "Mn":
            actions[code] = FIRST_REORDER + reorder_classes.index(ccc)
    # Mappings that end in characters canonical ordering may move come first, so that an index tells them apart.
    def movable(text):
        return any(unicodedata.combining(c) for c in text)
    texts = sorted(set(mappings.values()), key=lambda text: (not movable(text), text))
    for code, text in mappings.items():
        actions[code] = FIRST_MAPPING + texts.index(text)
    return actions, texts, sum(map(movable, texts))


def main():
    actions, texts, movable = normalizer()
    encoded = [text.encode() for text in texts]
    categories = [CATEGORIES.index(unicodedata.category(chr(code))) for code in range(LIMIT)]
    contexts = [0 if code in SURROGATES else case_context(chr(code)) for code in range(LIMIT)]
    lines = [
        "// Generated by generate.py from the character database of CPython 3.11 (Unicode 14.0). Do not edit.",
        "// Run-length tables: (length, value) pairs as varints, base64, from U+0000 to U+10FFFF.",
        "// Character data: Unicode, Inc., Unicode License v3.",
        "",
        'export const UNICODE_VERSION = "14.0.0";',
        "",
        "/** One index into CATEGORIES per code point. */",
        f'export const GENERAL_CATEGORY_RUNS = "{runs(categories)}";',
        f"export const CATEGORIES = {CATEGORIES!r} as const;".replace("'", '"'),
        "",
        "/** Bit 0: cased, bit 1: case-ignorable: the context of a final sigma. */",
        f'export const CASE_CONTEXT_RUNS = "{runs(contexts)}";',
        "",
        "/** Classes of the unicode word rules; kernels/words/unicode.ts says what they mean. */",
        f'export const WORD_CLASS_RUNS = "{runs([word_class(code) for code in range(LIMIT)])}";',
        "",
        "/** Actions of the normalizer; kernels/normalize.ts says what they mean. */",
        f'export const NORMALIZE_RUNS = "{runs(actions)}";',
        "/** UTF-8 of what characters become (lower case, decomposed, without Mn), joined by NUL; the first MOVABLE_MAPPINGS end in marks that canonical ordering may move. */",
        f'export const NORMALIZE_MAPPINGS = "{base64.b64encode(bytes(1).join(encoded)).decode()}";',
        f"export const MOVABLE_MAPPINGS = {movable};",
        "",
    ]
    sys.stdout.write("\n".join(lines))


main()
