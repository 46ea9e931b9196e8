"""Writes kernels/wordpiece/characters.gen.ts: what BERT's normalizer takes out of a text, character by character, as `tokenizers` does it.

Needs: tokenizers 0.23. Usage, from the root of the repository: python test/golden/scripts/wordpiece-characters.py
"""

from pathlib import Path

from tokenizers.normalizers import BertNormalizer

OFF = {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False}


def runs(option, wanted):
    normalizer = BertNormalizer(**{**OFF, option: True})
    found = []
    for point in range(0x110000):
        if 0xD800 <= point < 0xE000 or normalizer.normalize_str(f"a{chr(point)}b") != wanted(chr(point)):
            continue
        if found and found[-1][1] == point - 1:
            found[-1][1] = point
        else:
            found.append([point, point])
    return found


def table(name, comment, ranges):
    lines = [f"  {first:#x}, {last:#x}," for first, last in ranges]
    return f"/** {comment}, as inclusive ranges: first, last, first, last, … */\nexport const {name}: readonly number[] = [\n" + "\n".join(lines) + "\n];\n"


Path("kernels/wordpiece/characters.gen.ts").write_text(
    "// Made by test/golden/scripts/wordpiece-characters.py from the reference encoder. Do not edit.\n\n"
    + table("REMOVED", "What cleaning a text takes out", runs("clean_text", lambda c: "ab"))
    + table("BLANKS", "What cleaning a text makes a blank of", [r for r in runs("clean_text", lambda c: "a b")])
    + table("NONSPACING", "What stripping accents takes out", runs("strip_accents", lambda c: "ab"))
    + table("IDEOGRAPHS", "What stands between blanks", runs("handle_chinese_chars", lambda c: f"a {c} b")),
    encoding="utf-8",
)
