"""Writes uax29.gen.ts: the Word_Break class of each character, and whether it is pictographic, as the Python package uniseg has them.

Needs: uniseg 0.10.1 (Unicode 16.0). Usage, from the root: python kernels/words/generate-uax29.py > kernels/words/uax29.gen.ts
"""

import os
import sys

import uniseg
from uniseg.emoji import extended_pictographic
from uniseg.wordbreak import word_break

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../unicode"))
from runs import LIMIT, runs

assert uniseg.unidata_version == "16.0.0"
# Shared with uax29.ts: positions are the classes.
CLASSES = [
    "Other", "ALetter", "Hebrew_Letter", "Numeric", "Katakana", "ExtendNumLet", "MidLetter", "MidNum", "MidNumLet", "Single_Quote", "Double_Quote",
    "Extend", "Format", "ZWJ", "CR", "LF", "Newline", "Regional_Indicator", "WSegSpace",
]
PICTOGRAPHIC = 32


def entry(code):
    if 0xD800 <= code < 0xE000:
        return 0
    char = chr(code)
    return CLASSES.index(word_break(char).value) | (PICTOGRAPHIC if extended_pictographic(char) else 0)


entries = [entry(code) for code in range(LIMIT)]
print("/** Word_Break by character: written by generate-uax29.py from uniseg 0.10.1 (Unicode 16.0). Do not edit. */")
print(f'export const WORD_BREAK_RUNS =\n  "{runs(entries)}";')
