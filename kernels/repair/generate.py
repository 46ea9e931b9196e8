"""Writes tables.gen.ts and entities.gen.ts: what ftfy 6.3.1 knows of characters.

ftfy's rule for text that looks like mojibake is a regular expression. Here it becomes an automaton over classes of
characters: two characters are of one class where no part of that expression, and none of ftfy's other fixes, tells
them apart. Entities are those of Python's `html`, characters those of CPython 3.11 (Unicode 14.0).

Needs: Python 3.11, ftfy 6.3.1. Usage: python kernels/repair/generate.py (writes beside itself).
"""

import base64
import html.entities
import os
import re
import re._parser as parser
import sys
import unicodedata

import ftfy
from ftfy import chardata
from ftfy.badness import BADNESS_RE

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../unicode"))
from runs import LIMIT, runs

assert ftfy.__version__ == "6.3.1" and unicodedata.unidata_version == "14.0.0", "pinned to ftfy 6.3.1 and Unicode 14.0"

EVERY = "".join(map(chr, range(LIMIT)))
FORMS = ("NFC", "NFD", "NFKC", "NFKD")
# Bits of what a character may ask for, shared with classes.ts.
REASONS = "CONTROL ESCAPE LIGATURE WIDTH QUOTE LINE_BREAK NFC NFD NFKC NFKD AMPERSAND C1".split()


def category(name):
    pattern = {"CATEGORY_WORD": r"\w", "CATEGORY_SPACE": r"\s"}[name]
    return frozenset(map(ord, re.findall(pattern, EVERY)))


def members(op, argument):
    """The code points that one node of the parsed expression matches."""
    name = str(op)
    if name == "LITERAL":
        return frozenset([argument])
    if name == "RANGE":
        return frozenset(range(argument[0], argument[1] + 1))
    if name == "CATEGORY":
        return category(str(argument))
    if name == "ANY":
        return frozenset(range(LIMIT)) - {0x0A}
    assert name == "IN", name
    negated = str(argument[0][0]) == "NEGATE"
    found = frozenset().union(*(members(*part) for part in argument[negated:]))
    return frozenset(range(LIMIT)) - found if negated else found


class Machine:
    """A nondeterministic automaton: `steps[state]` lists (set of code points, next); `skips` cost no character."""

    def __init__(self):
        self.steps, self.skips, self.anchored = [], [], []

    def state(self):
        self.steps.append([])
        self.skips.append([])
        return len(self.steps) - 1

    def add(self, nodes, start):
        """Appends a sequence behind `start` and returns its end."""
        at = start
        for op, argument in nodes:
            name = str(op)
            end = self.state()
            if name == "BRANCH":
                for branch in argument[1]:
                    self.skips[self.add(branch, at)].append(end)
            elif name == "MAX_REPEAT":
                least, most, body = argument
                assert (least, most) == (0, 1)
                self.skips[at].append(end)
                self.skips[self.add(body, at)].append(end)
            elif name == "AT":
                self.anchored.append((at, end))
            else:
                self.steps[at].append((members(op, argument), end))
            at = end
        return at

    def closure(self, states, at_start=False):
        found, todo = set(states), list(states)
        while todo:
            state = todo.pop()
            further = list(self.skips[state])
            if at_start:
                further += [end for begin, end in self.anchored if begin == state]
            for each in further:
                if each not in found:
                    found.add(each)
                    todo.append(each)
        return frozenset(found)


def unstable(form):
    """Characters that normalisation changes, moves or joins to the one before."""
    found = {c for c in range(LIMIT) if unicodedata.normalize(form, chr(c)) != chr(c) or unicodedata.combining(chr(c))}
    if form in ("NFC", "NFKC"):
        for c in range(LIMIT):
            parts = unicodedata.normalize("NFD", chr(c)) if not 0xD800 <= c < 0xE000 else ""
            if len(parts) > 1:
                found.update(map(ord, parts[1:]))
    return found


def wrapped(text, indent="  ", width=112):
    """A string over several lines; no escape is cut."""
    lines = [""]
    for part in re.findall(r"\\u....|.", text):
        if len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += part
    return " +\n".join(f'{indent}"{line}"' for line in lines)


machine = Machine()
begin = machine.state()
accept = machine.add(parser.parse(BADNESS_RE.pattern, BADNESS_RE.flags & re.VERBOSE), begin)

sets = []
for steps in machine.steps:
    for found, _ in steps:
        if found not in sets:
            sets.append(found)
asked = dict(
    CONTROL=set(chardata.CONTROL_CHARS),
    ESCAPE={0x1B},
    LIGATURE=set(chardata.LIGATURES),
    WIDTH=set(chardata.WIDTH_MAP),
    QUOTE={c for c in range(LIMIT) if chardata.SINGLE_QUOTE_RE.match(chr(c)) or chardata.DOUBLE_QUOTE_RE.match(chr(c))},
    LINE_BREAK={0x0D, 0x85, 0x2028, 0x2029},
    AMPERSAND={0x26},
    C1=set(range(0x80, 0xA0)),
    **{form: unstable(form) for form in FORMS},
)
signatures = [0] * LIMIT
for bit, found in enumerate(sets + [asked[name] for name in REASONS] + [{0x0A}, set(range(0x80))]):
    for c in found:
        signatures[c] |= 1 << bit
classes, order = [0] * LIMIT, {}
for c in range(LIMIT):
    classes[c] = order.setdefault(signatures[c], len(order))
count = len(order)
assert count <= 256
example = {}
for c in range(LIMIT):
    example.setdefault(classes[c], c)
reasons = [sum(1 << bit for bit, name in enumerate(REASONS) if example[k] in asked[name]) for k in range(count)]

middle = machine.closure([begin])
states = {machine.closure([begin], at_start=True): 0, middle: 1}
todo, table = list(states), {}
ACCEPT = None
while todo:
    state = todo.pop(0)
    row = []
    for k in range(count):
        c = example[k]
        after = {end for each in state for found, end in machine.steps[each] if c in found}
        after = machine.closure(after | {begin})
        if accept in after:
            row.append(ACCEPT)
            continue
        if after not in states:
            states[after] = len(states)
            todo.append(after)
        row.append(states[after])
    table[states[state]] = row
total = len(states)

# Fewer states: those that no text tells apart are one.
block = [0] * total
while True:
    keys = {}
    rows = [tuple(-1 if t is None else block[t] for t in table[s]) for s in range(total)]
    made = [keys.setdefault((block[s], rows[s]), len(keys)) for s in range(total)]
    if len(keys) == len(set(block)):
        break
    block = made
size = len(set(block))
rename = {}
for s in range(total):
    rename.setdefault(block[s], len(rename))
small = {rename[block[s]]: [size if t is None else rename[block[t]] for t in table[s]] for s in range(total)}
assert rename[block[0]] == 0 and rename[block[1]] == 1 and size < 256
# States that text of ASCII alone leads to: from them nothing is pending but the last two characters.
ascii_states, todo = {1}, [1]
while todo:
    for c in range(0x80):
        after = small[todo[0]][classes[c]]
        assert after != size, "ASCII alone is never bad"
        if after not in ascii_states:
            ascii_states.add(after)
            todo.append(after)
    todo.pop(0)

cells = base64.b64encode(bytes(cell for s in range(size) for cell in small[s])).decode()
print(f"{count} classes, {size} states, {len(ascii_states)} of ASCII", file=sys.stderr)


def escaped(text):
    return "".join(f"\\u{ord(c):04x}" for c in text)


def ranges(chars):
    """Characters as a class of a regular expression holds them."""
    return escaped(chars).replace("\\u002d", "-")


lines = [
    "// Generated by kernels/repair/generate.py from ftfy 6.3.1 and CPython 3.11. Do not edit.",
    f"/** Classes of characters: (length, class) runs over all code points. */",
    f"export const CLASS_RUNS =\n{wrapped(runs(classes))};",
    f"export const CLASS_COUNT = {count};",
    "/** What a character of each class may ask for: bits in the order of REASONS in classes.ts. */",
    "export const CLASS_REASONS = [",
    *(f"  {', '.join(map(str, reasons[i : i + 20]))}," for i in range(0, count, 20)),
    "];",
    "/** The automaton: next state by state and class; STATE_COUNT is text that looks broken, 0 its beginning. */",
    f"export const STATE_CELLS =\n{wrapped(cells)};",
    f"export const STATE_COUNT = {size};",
    "/** States that ASCII leads to. */",
    f"export const ASCII_STATES = [{', '.join(map(str, sorted(ascii_states)))}];",
    "/** Single-byte encodings in the order in which they are tried: what bytes 80 to FF are. */",
    "export const ENCODINGS: readonly (readonly [string, string])[] = [",
]
for encoding in chardata.CHARMAP_ENCODINGS:
    decoded = bytes(range(0x80, 0x100)).decode(encoding)
    for byte, char in enumerate(decoded, 0x80):
        assert char.encode(encoding) == bytes([byte])
    lines.append(f'  [\n    "{encoding}",\n' + wrapped(escaped(decoded), "    ") + ",\n  ],")
lines.append("];")
lines.append("/** Classes of a regular expression: what the bytes of UTF-8 may have become. */")
for name, chars in chardata.UTF8_CLUES.items():
    lines.append(f"export const {name.upper()} =\n{wrapped(ranges(chars))};")
for name, table in (("LIGATURES", chardata.LIGATURES), ("WIDTHS", chardata.WIDTH_MAP)):
    pairs = " ".join(f"{c:x}={'+'.join(f'{ord(x):x}' for x in text)}" for c, text in table.items())
    lines.append(f"/** Code points and what replaces them, hexadecimal. */\nexport const {name} =\n{wrapped(pairs)};")
here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "tables.gen.ts"), "w", encoding="ascii") as file:
    file.write("\n".join(lines) + "\n")

named = {name[1:-1]: "+".join(f"{ord(x):x}" for x in text) for name, text in chardata.HTML_ENTITIES.items()}
entities = " ".join(f"{name}={points}" for name, points in named.items())
with open(os.path.join(here, "entities.gen.ts"), "w", encoding="ascii") as file:
    file.write(
        "// Generated by kernels/repair/generate.py from ftfy 6.3.1 and CPython 3.11. Do not edit.\n"
        "/** Names of entities and the code points that they stand for, hexadecimal. */\n"
        f"export const ENTITIES =\n{wrapped(entities)};\n"
    )
