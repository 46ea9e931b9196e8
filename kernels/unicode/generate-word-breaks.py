"""Writes word-breaks.gen.ts: by code point its Word_Break class, plus PICTOGRAPH where it is Extended_Pictographic, plus SPACE where it is White_Space.

The source is the third-party `regex` module, which carries the Unicode Character Database. Needs: regex 2026.11.19 (Unicode 17.0). Usage:
python kernels/unicode/generate-word-breaks.py > kernels/unicode/word-breaks.gen.ts
"""

import regex
from runs import LIMIT, runs

# Shared with kernels/words/word-bounds.ts.
CLASSES = (
    "Other CR LF Newline Extend ZWJ Format Katakana Hebrew_Letter ALetter Single_Quote Double_Quote MidNumLet MidLetter MidNum Numeric ExtendNumLet "
    "Regional_Indicator WSegSpace"
).split()
PICTOGRAPH = 32
SPACE = 64


def main():
    patterns = [(number, regex.compile(rf"\p{{WB={name}}}")) for number, name in enumerate(CLASSES) if number > 0]
    pictograph, space = regex.compile(r"\p{Extended_Pictographic}"), regex.compile(r"\p{White_Space}")
    values = []
    for code in range(LIMIT):
        character = chr(code)
        value = next((number for number, pattern in patterns if pattern.match(character)), 0)
        value |= PICTOGRAPH if pictograph.match(character) else 0
        values.append(value | (SPACE if space.match(character) else 0))
    print("// Written by generate-word-breaks.py: do not edit.")
    print(f'export const WORD_BREAK_RUNS = "{runs(values)}";')


main()
