"""Writes spacy-en.gen.ts: the data of spaCy's English tokenizer, read out of spaCy itself.

Takes the compiled character classes, units, currencies and exceptions of `spacy.blank("en")`; the algorithm is written in TypeScript.
Every regular expression is taken apart piece by piece, and an unknown piece stops this script: a spaCy whose rules have changed cannot
be half-ported by accident.

Needs: Python 3.11 (its `re` classes are Unicode 14.0) and spaCy 3.8. Usage: python generate-spacy-en.py > spacy-en.gen.ts
"""

import importlib.metadata
import json
import os
import re
import sys
import unicodedata

import spacy
from spacy.lang.char_classes import ALPHA, ALPHA_LOWER, ALPHA_UPPER, CONCAT_QUOTES, CURRENCY, HYPHENS, UNITS
from spacy.lang.tokenizer_exceptions import URL_PATTERN
from spacy.symbols import ORTH
from spacy.util import compile_infix_regex, compile_prefix_regex, compile_suffix_regex

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../unicode"))
from runs import LIMIT, runs

assert unicodedata.unidata_version == "14.0.0" and spacy.__version__.startswith("3.8.")
nlp = spacy.blank("en")
tokenizer = nlp.tokenizer


def plain(piece):
    """The literal text of a piece without operators, or None."""
    text = re.sub(r"\\([^\w\s])", r"\1", piece)
    return text if re.escape(text) == piece or re.fullmatch(piece, text) and not re.search(r"(?<!\\)[\[\]().?*+^$|]", piece) else None


def take(pieces, *expected):
    """Splits pieces into single characters and the rest, which must be exactly what the TypeScript side implements."""
    pieces = [piece for piece in pieces if piece.strip()]
    single = {plain(piece) for piece in pieces if plain(piece) and len(plain(piece)) == 1}
    rest = [piece for piece in pieces if not (plain(piece) and len(plain(piece)) == 1)]
    icons = [piece for piece in rest if re.fullmatch(r"\[\\u00A6[^\]]*\]", piece)]
    assert len(icons) == 1
    rest.remove(icons[0])
    assert rest == list(expected), rest
    return "".join(single), icons[0][1:-1]


def class_of(characters):
    return "[" + re.sub(r"([\\\]^\-\[])", r"\\\1", characters) + "]"


DOT = [piece for piece in nlp.Defaults.suffixes if piece.endswith(r"])\.")]
AFTER_WORD_DOT, AFTER_UPPER_DOT = DOT[1], DOT[2]
assert DOT[0] == r"(?<=°[FfCcKk])\."
assert AFTER_UPPER_DOT == rf"(?<=[{ALPHA_UPPER}][{ALPHA_UPPER}])\."
prefix_single, icons = take(nlp.Defaults.prefixes, r"\+(?![0-9])", "……", r"\.\.+", r"US\$", r"C\$", r"A\$")
suffix_single, _ = take(
    nlp.Defaults.suffixes,
    "……", r"\.\.+", "'s", "'S", "’s", "’S",
    r"(?<=[0-9])\+", r"(?<=°[FfCcKk])\.", rf"(?<=[0-9])(?:{CURRENCY})", rf"(?<=[0-9])(?:{UNITS})", AFTER_WORD_DOT, AFTER_UPPER_DOT,
)
infix_single, _ = take(
    nlp.Defaults.infixes,
    r"\.\.+", r"(?<=[0-9])[+\-\*^](?=[0-9-])", rf"(?<=[{ALPHA_LOWER}{CONCAT_QUOTES}])\.(?=[{ALPHA_UPPER}{CONCAT_QUOTES}])",
    rf"(?<=[{ALPHA}]),(?=[{ALPHA}])", rf"(?<=[{ALPHA}0-9])(?:{HYPHENS})(?=[{ALPHA}])", rf"(?<=[{ALPHA}0-9])[:<>=/](?=[{ALPHA}])",
)
assert infix_single == "…" and HYPHENS == "-|–|—|--|---|——|~"
assert tokenizer.token_match is None
assert tokenizer.prefix_search.__self__.pattern == compile_prefix_regex(nlp.Defaults.prefixes).pattern
assert tokenizer.suffix_search.__self__.pattern == compile_suffix_regex(nlp.Defaults.suffixes).pattern
assert tokenizer.infix_finditer.__self__.pattern == compile_infix_regex(nlp.Defaults.infixes).pattern
HOST = r"A-Za-z0-9\u00a1-\uffff"
assert URL_PATTERN == (
    r"^(?:(?:[\w\+\-\.]{2,})://)?(?:\S+(?::\S*)?@)?(?:"
    r"(?!(?:10|127)(?:\.\d{1,3}){3})(?!(?:169\.254|192\.168)(?:\.\d{1,3}){2})(?!172\.(?:1[6-9]|2\d|3[0-1])(?:\.\d{1,3}){2})"
    r"(?:[1-9]\d?|1\d\d|2[01]\d|22[0-3])(?:\.(?:1?\d{1,2}|2[0-4]\d|25[0-5])){2}(?:\.(?:[1-9]\d?|1\d\d|2[0-4]\d|25[0-4]))|"
    rf"(?:(?:[{HOST}][{HOST}_-]{{0,62}})?[{HOST}]\.)+(?:[{ALPHA_LOWER}]{{2,63}}))(?::\d{{2,5}})?(?:[/?#]\S*)?$"
)

# Bit i of a character's class: the i-th of these matches it.
CLASSES = [
    f"[{ALPHA}]",
    f"[{ALPHA_LOWER}]",
    f"[{ALPHA_UPPER}]",
    f"[{CONCAT_QUOTES}]",
    AFTER_WORD_DOT[len("(?<="):-len(r")\.")],
    f"[{class_of(prefix_single)[1:-1]}{icons}]",
    f"[{class_of(suffix_single)[1:-1]}{icons}]",
    f"[…{icons}]",
    f"[{HOST}]",
    r"\w",
    r"\d",
    r"\s",
]


def class_runs():
    members = [re.compile(each) for each in CLASSES]
    values = [sum(1 << bit for bit, each in enumerate(members) if each.fullmatch(chr(code))) for code in range(LIMIT)]
    return runs(values)


def main():
    after_digit = sorted({plain(each) for each in (CURRENCY + "|" + UNITS).split("|")})
    assert all(after_digit) and not any(re.search(r"\s", each) for each in after_digit)
    # Exceptions with white space never meet a chunk, which has none.
    rules = [[token[ORTH] for token in tokens] for text, tokens in sorted(tokenizer.rules.items()) if not re.search(r"\s", text)]
    assert not any("\t" in token for tokens in rules for token in tokens)
    notice = next(f for f in importlib.metadata.files("spacy") if f.name == "LICENSE").read_text()
    lines = ["// Generated by generate-spacy-en.py from spaCy " + spacy.__version__ + ". Do not edit.", "//"]
    lines += ["// The data below is spaCy's, under this licence:", "//"]
    lines += [("// " + line).rstrip() for line in notice.strip().splitlines()]
    lines += [
        "",
        f'export const SPACY_VERSION = "{spacy.__version__}";',
        "",
        "/** Class bits of every character: (length, value) runs as varints, base64. */",
        f'export const CLASS_RUNS = "{class_runs()}";',
        "",
        "/** What is split off the end after an ASCII digit: units and currencies. */",
        f"export const AFTER_DIGIT: readonly string[] = {json.dumps(after_digit, ensure_ascii=False)};",
        "",
        "/** Tokenizer exceptions, one a line, their tokens separated by tabs. */",
        "export const EXCEPTIONS: string =",
        "  " + json.dumps("\n".join("\t".join(tokens) for tokens in rules), ensure_ascii=False) + ";",
        "",
    ]
    sys.stdout.write("\n".join(lines))


main()
