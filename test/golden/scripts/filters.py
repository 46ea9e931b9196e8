"""Writes test/golden/filters/{texts,samples}.json: what datatrove 0.10.1 decides about texts written here and about real samples.

Needs: datatrove 0.10.1, spaCy, pyarrow. Usage, from the root of the repository:
    python test/golden/scripts/filters.py texts
    python test/golden/scripts/filters.py samples PATH_OF_SAMPLES
`texts.json` holds the texts; `samples.json` holds decisions by file and row, no text.
"""

import gzip
import hashlib
import importlib.metadata  # noqa: F401  datatrove 0.10.1 uses it without importing it
import json
import sys
from pathlib import Path

from datatrove.data import Document
from datatrove.pipeline.filters.c4_filters import C4QualityFilter
from datatrove.pipeline.filters.fineweb_quality_filter import FineWebQualityFilter
from datatrove.pipeline.filters.gopher_quality_filter import GopherQualityFilter
from datatrove.pipeline.filters.gopher_repetition_filter import (
    GopherRepetitionFilter,
    find_all_duplicate,
    find_top_duplicate,
    get_n_grams,
)
from datatrove.utils.text import split_into_words

GOLDEN = Path("test/golden/filters")

# datatrove's names for reasons -> ours
REASONS = {
    "gopher_quality": {
        "gopher_short_doc": "too_few_words",
        "gopher_long_doc": "too_many_words",
        "gopher_below_avg_threshold": "words_too_short",
        "gopher_above_avg_threshold": "words_too_long",
        "gopher_too_many_hashes": "too_many_hashes",
        "gopher_too_many_ellipsis": "too_many_ellipses",
        "gopher_too_many_bullets": "too_many_bullet_lines",
        "gopher_too_many_end_ellipsis": "too_many_ellipsis_lines",
        "gopher_below_alpha_threshold": "too_few_alphabetic_words",
        "gopher_enough_stop_words": "too_few_stop_words",
    },
    "gopher_repetition": {
        "empty": "empty",
        "dup_para_frac": "too_many_duplicate_paragraphs",
        "dup_para_char_frac": "too_many_duplicate_paragraph_chars",
        "dup_line_frac": "too_many_duplicate_lines",
        "dup_line_char_frac": "too_many_duplicate_line_chars",
        **{f"top_{n}_gram": f"top_{n}gram_too_frequent" for n in (2, 3, 4)},
        **{f"duplicated_{n}_n_grams": f"too_many_duplicate_{n}grams" for n in range(5, 11)},
    },
    "fineweb_quality": {
        "empty": "empty",
        "line_punct_ratio": "too_few_terminal_lines",
        "short_line_ratio": "too_many_short_lines",
        "char_dup_ratio": "too_many_duplicate_chars",
        "list_ratio": "too_many_newlines",
    },
    "c4_quality": {name: name for name in ("lorem_ipsum", "curly_bracket", "too_few_sentences")},
}
REASONS["c4_fineweb"] = REASONS["c4_quality"]

FILTERS = {
    "gopher_quality": GopherQualityFilter(),
    "gopher_repetition": GopherRepetitionFilter(),
    "fineweb_quality": FineWebQualityFilter(),
    "c4_quality": C4QualityFilter(),
    "c4_fineweb": C4QualityFilter(filter_no_terminal_punct=False),
}


def judge(text):
    """Our reason (None: kept) by filter, and the text the two C4 filters leave."""
    decisions, rewritten = {}, {}
    for name, each in FILTERS.items():
        document = Document(text=text, id="0")
        try:
            result = each.filter(document)
        except ZeroDivisionError:
            decisions[name] = "undefined"  # datatrove fails here; our decision is stated in the test
            continue
        decisions[name] = None if result is True else REASONS[name][result[1]]
        if name.startswith("c4") and result is True:
            rewritten[name] = document.text
    return decisions, rewritten


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def ngram_ratios(text):
    """Ratios of the top 2- to 4-grams and the duplicated 5- to 10-grams."""
    words = split_into_words(text)
    ratios = []
    for n in (2, 3, 4):
        grams = get_n_grams(words, n)
        ratios.append(find_top_duplicate(grams) / len(text) if grams else 0)
    return ratios + [find_all_duplicate(words, n) / len(text) if text else 0 for n in range(5, 11)]


# ---- texts written for this test -------------------------------------------------------------------------------------------------------

NOUNS = "river stone harbour ladder window orchard kettle barrel meadow lantern bridge copper ribbon saddle market basket".split()
VERBS = "carries follows remembers paints repairs ignores borrows lifts measures guards washes finds".split()
PLACES = "Lisbon Tartu Oslo Quito Hanoi Galway Turin Kyoto Windhoek Tallinn".split()


class Lcg:
    def __init__(self, seed):
        self.state = seed

    def pick(self, values):
        self.state = (self.state * 1103515245 + 12345) % 2**31
        return values[(self.state >> 8) % len(values)]


def prose(sentences, seed=1):
    """Sentences of 14 words with few repeats."""
    random = Lcg(seed)
    out = []
    for i in range(sentences):
        out.append(
            f"The {random.pick(NOUNS)} near {random.pick(PLACES)} {random.pick(VERBS)} that {random.pick(NOUNS)} of the "
            f"{random.pick(NOUNS)} and {random.pick(VERBS)} {random.pick(NOUNS)}{i} today."
        )
    return out


def lines(count, seed=1):
    return "\n".join(prose(count, seed))


def distinct(count, length=5, start=0):
    """Distinct words of `length` letters."""
    letters = "bcdfghjklmnprstvwz"
    out = []
    for i in range(start, start + count):
        word, rest = "", i
        for _ in range(length):
            word += letters[rest % len(letters)]
            rest = rest // len(letters) + i % 7
        out.append(word)
    return out


def texts():
    yield from ["", " ", "\n", "\n\n", "\t \n \u3000\n", "a", "word", "two words", ".", "...", "!" * 60, "?!" * 40, "\u2026", "#", "-", "\0", "\ufeff"]
    yield from ["a\n", "\na\n", "\na", "a\n\nb", "a\n\n\nb\n\n", "\r\n\r\n", "\u0085", "\u2028\u2029", "one line.\n" * 2, "x\n" * 40]
    base = " ".join(prose(8))
    yield base
    yield base.replace(". ", ".\n")
    yield base.replace(". ", ".\r\n")
    yield base.replace(". ", ".\u0085")
    yield base.replace(". ", ".\u2028")
    yield base.replace(". ", ".\n\n")
    yield "\n\n" + base.replace(". ", ".\n\n") + "\n\n"
    yield base.replace("The", "\u201cThe").replace("today.", "today.\u201d")
    yield base.upper()
    # Gopher quality: both sides of every bound
    for count in (48, 49, 50, 51):
        yield "the " * 3 + "and " * 3 + " ".join(distinct(count - 6))
        yield "the and " + ", ".join(distinct(count - 2)) + " !"
    for count in (99_999, 100_000, 100_001):
        yield ("the of it " * (count // 3 + 1)).strip().rsplit(" ", (count // 3 + 1) * 3 - count)[0]
    for short in (59, 60, 61):
        yield "to the " + " ".join(["go"] * short + distinct(60, 4))
        yield "to the " + " ".join(["an"] * 57 + ["that"] * short)
    for length in (9, 10, 11):
        yield "the and " + " ".join(distinct(98, length)) + " " + "b" * (length + 15)
        yield " ".join(["with", "that"] + distinct(98, 10) + ["b" * (length + 12)])
    for symbols in (6, 12, 13, 14, 15, 16):
        yield f"{base} " + "# " * symbols + "end"
        yield f"{base} " + "#" * symbols
        yield f"{base} " + "... " * symbols + "end"
        yield f"{base} " + "\u2026" * symbols
        yield f"{base} " + "...." * symbols
        yield f"{base} " + "." * (3 * symbols + 2)
    for bullets in (8, 9, 10):
        for mark in ("-", "\u2022", "  - ", "\u3000\u2022 ", "*"):
            yield "\n".join([mark + s for s in prose(bullets)] + prose(10 - bullets, 7))
    for ends in (2, 3, 4):
        for mark in ("...", "\u2026", "... \t", ".. .", "....", "\u2026\u00a0"):
            yield "\n".join([s[:-1] + mark for s in prose(ends)] + prose(10 - ends, 7))
    for numbers in (24, 25, 26, 27, 60):
        yield "the and of " + " ".join(distinct(97)) + " " + " ".join(str(1000 + i * 7) for i in range(numbers))
        yield " ".join(prose(8)) + " " + " ".join(str(1000 + i * 7) for i in range(numbers))
    for stop in ("", "the", "The AND Of", "the the the", "the and", "have with", "be, to", "that's the", "withal behave"):
        yield stop + " " + " ".join(distinct(70))
    # Gopher repetition
    for repeats, rest in ((1, 3), (3, 7), (3, 6), (4, 8), (2, 2)):
        yield "\n\n".join(["Same paragraph here."] * (repeats + 1) + prose(rest, 3))
        yield "\n".join(["Same line is here."] * (repeats + 1) + prose(rest, 3))
        yield "\n\n\n".join([" ".join(prose(2, 5))] * (repeats + 1) + prose(rest * 2, 3))
        yield "\n".join([" ".join(prose(3, 5))] * (repeats + 1) + prose(rest * 3, 3))
        yield "\r\n".join(["Same line is here."] * (repeats + 1) + prose(rest, 3))
    for count in range(4, 16, 2):
        yield " ".join(f"river bank {w}" for w in distinct(count)) + " " + " ".join(distinct(60, 6))
        yield " ".join(f"the old mill {w}" for w in distinct(count)) + " " + " ".join(distinct(60, 6))
        yield " ".join(f"on the other side {w}" for w in distinct(count)) + " " + " ".join(distinct(70, 6))
        yield " ".join(f"\u4e2d\u6587 caf\u00e9 na\u00efve \U0001f600 {w}" for w in distinct(count)) + " " + " ".join(distinct(70, 6))
    for n in range(5, 12):
        for filler in (36, 40, 42, 45, 60, 80):
            piece = " ".join(distinct(n, 5, 500))
            yield f"{piece} {' '.join(distinct(filler, 6))} {piece} {' '.join(distinct(9, 4, 900))} {piece}"
    for n, length, filler in ((12, 3, 17), (12, 3, 18), (12, 3, 30), (10, 5, 41), (10, 5, 42), (10, 5, 54), (10, 5, 55)):
        piece = " ".join(distinct(n, length, 500))
        yield f"{piece} {' '.join(distinct(filler, 5 if length == 3 else 6))} {piece}"
    # n-grams are joined by nothing: the same letters in other words are equal
    yield "ab cd ef gh ij kl " + " ".join(distinct(5)) + " a bcd ef gh ij kl " + " ".join(distinct(5, 5, 50)) + " abc d ef gh ij kl"
    yield "no thing ever comes to day " + " ".join(distinct(6)) + " not hing ever comes to day " + " ".join(distinct(6, 5, 40)) + " nothing e ver comes to day"
    yield "a a a a a a a a a a a a a a a a a a a a"
    yield "- - - - - - - - = = = = = = = = - - - -"
    yield "ab ab ab abab ab ab ab abab abab ab abab ab ab ab ab ab abab abab abab ab ab"
    yield "tick tock " * 30
    yield " ".join(f"{i}" for i in range(200))
    # FineWeb
    for terminal in (0, 1, 2, 3):
        yield "\n".join(prose(terminal) + [s[:-1] + " and more" for s in prose(12 - terminal, 9)])
    for mark in ("\u3002", "\uff1f", "\u06d4", "\u0964", "\U00011c41", "\U0001da88", ". ", ".\r", '."', ".)", "\u2026", ";", "\uff61", "\u203d", "\x1f"):
        yield "\n".join(s[:-1] + mark for s in prose(8))
    for short in (66, 67, 68):
        yield "\n".join(f"{w[:24]}{i:05d}." for i, w in enumerate(distinct(short, 24))) + "\n" + "\n".join(prose(100 - short))
    for length in (29, 30, 31):
        yield "\n".join(w + "." for w in distinct(10, length - 1)) + "\n" + " ".join(prose(2))
        yield "\n".join("\u4e2d" * 10 + w + "\u3002" for w in distinct(10, length - 11)) + "\n" + " ".join(prose(2))
        yield "\n".join("\U0001f600" * 10 + w + "." for w in distinct(10, length - 11)) + "\n" + " ".join(prose(2))
    for filler in (14, 15, 16, 17, 18, 40):
        yield "\n".join(["Seen twice."] * 2 + [" ".join(prose(4, 11 + i)) for i in range(filler // 4)])
        yield "\n".join(["\u898b\u305f\u3002"] * 2 + [" ".join(prose(2, 11 + i)) for i in range(filler // 4)])
    for newlines in (15, 33, 34, 35, 36, 37, 38):
        yield " ".join(prose(8)) + "\n" * newlines
        yield "\n" * newlines + " ".join(prose(8)) + "\n \n"
        yield "\n".join(" ".join(s.split()[:3]) + " stands in the long grass today." for s in prose(newlines, newlines))
    yield "\n".join("\u4e2d\u6587\u5b57\u7b26\u4e32\u6d4b\u8bd5\u6587\u672c" * 4 + str(i) + "\u3002" for i in range(6))
    yield "\n".join("\u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22" * 8 + str(i) for i in range(6))
    yield "\n".join("\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440 \u043d\u043e\u043c\u0435\u0440 %d \u0438 \u0435\u0449\u0451 \u043d\u0435\u0441\u043a\u043e\u043b\u044c\u043a\u043e \u0441\u043b\u043e\u0432." % i for i in range(12))
    # C4
    six = "The ferry left at seven. Nobody waved to us. It was raining. The sea was calm.\nBy noon the island could be seen. We slept.\n"
    yield six
    yield six[:-10]
    for line in (
        "lorem ipsum dolor sit amet.", "Lorem Ipsum is simply dummy.", "LOREM  IPSUM has two spaces.", "It says lorem ipsum", "lorem ipsum.",
        "Please enable JavaScript in your browser.", "javascript lorem ipsum is here.", "lorem ipsum and javascript here.", "No java script here at all.",
        "A line with { in it.", "A line with { in it", "javascript { is removed first.", "Uses cookies { comes second.", "Read our Terms of Use now.",
        "See the privacy policy here.", "This is the Cookie Policy.", "This site uses cookies always.", "The use of COOKIES is fine.", "We use coo\u212aies on this site.",
        "We use coo\u212a\u0130es on this site.", "javascr\u0130pt is not javascript's twin.", "javascr\u0130pt alone is here.", "Terms  of use are here.", "uses cookie and use cookie.",
        "Two words.", "Only [1] [2] [edit].", "Three words here [citation needed].", "Ends with citation.[1]", "Ends with citation. [1]", "Ends with edit.[edit]",
        "[1] Starts with citation and goes on.", "[\u0661\u0662] Arabic digits are digits too.", "[\uff11][12a] [[3]4] [ 5] [Edit] stay here.", "[] empty brackets go away.",
        "Ends in an ellipsis...", "Ends in four dots....", "Ends in a quote\"", "Ends in apostrophe'", "Ends in curly quote\u201d", "Ends in exclamation!", "Ends in question?",
        "Ends in ideographic stop\u3002", "a " + "b" * 1000 + " c.", "a " + "b" * 1001 + " c.", "a " + "\U0001f600" * 1000 + " c.", "a " + "\u4e2d" * 1001 + " c.",
        "x" * 998 + "[1] two three.", "a\u00a0b\u3000c\u2003d stay.", "a\u200bb\ufeffc stay.", " \t padded line is stripped. \t ", "\u3000\u00a0padded with wide spaces. \u2003",
        "Tabs\tare\tspaces.", "Vertical\vtabs\fend lines.", "File\x1cseparators\x1dend\x1elines too.", "Unit\x1fseparators are only spaces.", "", "   ", "[1] [2] [3]", "[1][edit]",
    ):
        yield six + line + "\n"
        yield line + "\r\n" + six
    yield "[1] [2] [3]\n" + six.replace(".\n", ".[1]\n") + "[4] [5] [6]  "
    for line in (
        "Dr. Smith went to Washington D.C. on Jan. 5th. He met Mr. Jones at 3 p.m. there.", "One. Two. Three. Four. Five.", "One. Two. Three. Four.",
        "What?! Really?! Yes. No... Maybe. Fine.", "He said \u201cstop.\u201d She said \u2018go!\u2019 They left. We stayed. All done.", "Mid.sentence.dots.do.not.split. Version 1.2.3 is out. OK.",
        "a.b c.d Hello.World Next.Thing And.More", "First.  Second.   Third.    Fourth.     Fifth.", "First.[1]  Second. [2]  Third.[3] Fourth. [4]",
        "Last one.  [1]", "( One. ) ( Two. ) ( Three. ) [ Four. ] { Five. }", "\u4e00\u3002\u4e8c\u3002\u4e09\u3002\u56db\u3002\u4e94\u3002", "\u4e00 \u3002 \u4e8c \uff01 \u4e09 \uff1f \u56db \u3002 \u4e94 .",
        "! ? . ! ? . ! ? .", "One . Two ! Three ? Four . Five .", "One.\u00a0Two.\u00a0Three.\u2003Four.\tFive.", "U.S. U.K. e.g. i.e. etc. vs. Inc. end.", "http://example.com/a.b?c=d. Next. a@b.org. Last. End.",
        "\u0939\u093f\u0928\u094d\u0926\u0940\u0964 \u090f\u0915\u0964 \u0926\u094b\u0964 \u0924\u0940\u0928\u0964 \u091a\u093e\u0930\u0964", "One\u2047 Two\u203c Three\u2049 Four\ufe56 Five\uff0e six",
    ):
        yield line
        yield line + "\n" + line[: len(line) // 2] + "."


def write_texts():
    seen, documents = set(), []
    for text in texts():
        if text in seen:
            continue
        seen.add(text)
        decisions, rewritten = judge(text)
        hashes = {name: digest(text) for name, text in rewritten.items()}
        document = {"text": text, "decisions": decisions, "rewritten": hashes}
        if len(text) < 5000:
            document["ngrams"] = [round(ratio, 13) for ratio in ngram_ratios(text)]
        else:  # long texts are repetitions of a short one: keep the file small
            unit = text[:10]
            repeats = len(text) // len(unit)
            assert text.startswith(unit * repeats)
            document["text"] = {"unit": unit, "repeats": repeats, "rest": text[len(unit) * repeats :]}
        documents.append(document)
    for name, reasons in REASONS.items():
        met = {d["decisions"][name] for d in documents}
        missing = [r for r in [*reasons.values(), None] if r not in met]
        print(name, len(documents), "missing:", missing)
    (GOLDEN / "texts.json").write_text("[\n" + ",\n".join(json.dumps(d, ensure_ascii=False, separators=(",", ":")) for d in documents) + "\n]\n")


# ---- real samples ----------------------------------------------------------------------------------------------------------------------


def read_sample(path):
    if path.suffix == ".parquet":
        import pyarrow.parquet

        return pyarrow.parquet.read_table(path, columns=["text"]).column("text").to_pylist()
    opened = gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else open(path, encoding="utf-8")
    with opened as file:
        return [json.loads(line)["text"] for line in file]


def write_samples(root):
    files = sorted(
        [*root.glob("fineweb/*.parquet"), *root.glob("fineweb/sample-10BT-legal-annotated/*.parquet"), *root.glob("c4/*.gz"), *root.glob("dclm/*.jsonl*")]
    )
    result = {}
    for path in files:
        entry = {name: [] for name in FILTERS} | {"c4_quality_sha256": [], "c4_fineweb_sha256": []}
        for text in read_sample(path):
            decisions, rewritten = judge(text)
            for name, reason in decisions.items():
                order = ["undefined", *REASONS[name].values()]
                entry[name].append("." if reason is None else chr(ord("A") + order.index(reason)))
            for name in ("c4_quality", "c4_fineweb"):
                entry[f"{name}_sha256"].append(digest(rewritten[name]) if name in rewritten else "-")
        for name in FILTERS:
            entry[name] = "".join(entry[name])
        for name in ("c4_quality", "c4_fineweb"):
            entry[f"{name}_sha256"] = " ".join(entry[f"{name}_sha256"])
        result[str(path.relative_to(root))] = entry
        print(path.name, len(entry["c4_quality"]), file=sys.stderr)
    letters = {name: ["undefined", *reasons.values()] for name, reasons in REASONS.items()}
    body = ",\n".join(f"{json.dumps(k)}: {json.dumps(v, indent=1)}" for k, v in result.items())
    (GOLDEN / "samples.json").write_text(f'{{"letters": {json.dumps(letters)},\n"files": {{\n{body}\n}}}}\n')


if sys.argv[1] == "texts":
    write_texts()
else:
    write_samples(Path(sys.argv[2]))
