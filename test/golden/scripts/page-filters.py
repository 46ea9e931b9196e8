"""Writes test/golden/page-filters/decisions.json.gz: what datatrove 0.10.1, Dolma 1.2.1, DCLM, OLMo-core and uniseg decide about texts,
and what StarCoder 2's expressions match.

The texts are those of test/golden/filters/texts.json and a few more that are written here; the file holds what was decided, and the texts written here. The lists of words are
made up: nothing of the published ones is in them.

Needs datatrove 0.10.1, spaCy 3.8, uniseg 0.10.1, fasttext, nltk, and folders with the sources of the others. Usage, from the root of the repository:
    python test/golden/scripts/page-filters.py DOLMA DCLM OLMO_CORE
"""

import gzip
import hashlib
import importlib.metadata  # noqa: F401  datatrove uses it without importing it
import importlib.util
import json
import random
import sys
import types
from pathlib import Path
from unittest.mock import MagicMock

import numpy as np

DOLMA, DCLM, OLMO = map(Path, sys.argv[1:4])
OUT = Path("test/golden/page-filters/decisions.json.gz")


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def known_texts():
    for entry in json.loads(Path("test/golden/filters/texts.json").read_text()):
        text = entry["text"]
        yield text if isinstance(text, str) else text["unit"] * text["repeats"] + text["rest"]


SENTENCE = "The boats came back before dawn, and the men who had stayed on the landing counted them twice with that old lantern. "
MORE = [
    # DCLM's lines
    "HOME AND GARDEN\n" + SENTENCE * 3 + "\n12 likes\n 1,024.5K  views! \n3\tcomments\n12 apples\n2024\n\u00b2\u00b3\nMenu\n\n  \n" + SENTENCE,
    SENTENCE * 4 + "\nThree boats came. Read more...\nRead More!!!\nread moreabc\n2 ITEMS in CART here\nitems in cart\n\u0130tems in cart today\nS\u0131gn-in please\n sign-in\nSIGN-IN\n" + SENTENCE * 4,
    "  " + SENTENCE * 2 + " \n\n\u3000\n" + SENTENCE.upper() + "\n\u24b6\u24b7\u24b8 \u24b9x\n" + SENTENCE * 2 + "  ",
    "x\n\nLOG IN NOW\n\n", "LOG IN NOW", "\n\n\nMenu\n\n", "3 likes", "a b\n\n  \n\nc d\n",
    # Dolma's C4 rules
    SENTENCE + "\nToo short.\nends in an ellipsis...\nends with \u201cquotes.\u201d\nsays \"yes and no\"\nit's the boats'\n  spaced out words. \t\n" + SENTENCE,
    SENTENCE + "\nJavaScript is off.", SENTENCE + "\nLorem Ipsum dolor.", SENTENCE + "\nif (a) { b }", SENTENCE + "what a bilgepump.", SENTENCE + "what a bilge.",
    SENTENCE + "what tar  barrels.", SENTENCE + "what tar barrels.", "No newline at all here", "One line only here.\n",
    # paragraphs
    "\n".join(["a" * 200] * 3), "\n".join(["a" * 199] * 3), "\n".join(["a" * 200] * 2 + ["b"] * 9), "\n".join(["\u4e2d" * 200] * 3), "\n".join(["\U0001f600" * 199 + " "] * 3), "\r\n".join(["c" * 199] * 4),
    # words of UAX 29
    "don't can\u2019t 3.14 1,000 a_b _x_ x__1 e.g. U.S.A. a:b a\u00b7b \u05d0\"\u05d1 \u05d0' it's, 'quoted' \u30ab\u30bf\u30ab\u30ca\u30fc \u3072\u3089\u304c\u306a \u6f22\u5b57 \u0e20\u0e32\u0e29\u0e32 \ud55c\uad6d\uc5b4",
    "a\u0301b e\u0301\u0301. \u0301a x\u200dy \u2764\ufe0f\u200d\U0001f525 \U0001f1e9\U0001f1ea\U0001f1eb a\u00adb a\u200bb \r\n\u0308a \uff9ea \uff76\uff9e 5\uff0e5 3,a a,3 1'2 a'1 \u0661\u066b\u0662 \u2139\ufe0fx \u24b6\u24b7 x\u00b2 _\u30ab_ \u30ab_1",
    "hello" * 30 + " " + "na\u00efve \u00fcber-cool caf\u00e9's \u0645\u0631\u062d\u0628\u0627 \u043f\u0440\u0438\u0432\u0435\u0442 \u0939\u093f\u0928\u094d\u0926\u0940",
    # lines, bullets, symbols
    "\n\n".join([SENTENCE * 2] * 4), "\n".join([SENTENCE] * 2 + [SENTENCE[::-1]] * 3), "\n".join(["\u25cf " + SENTENCE] * 9 + [SENTENCE]) + "\n" + SENTENCE[:40],
    " . . . ".join([SENTENCE] * 4) + "\n. . .", "\n".join(SENTENCE[:50] + end for end in ("...", " . . .", "\u2026", ". .", "")), (SENTENCE + "# ") * 6,
]

# ---- datatrove -------------------------------------------------------------------------------------------------------------------------

from datatrove.data import Document  # noqa: E402
from datatrove.pipeline.filters import c4_filters  # noqa: E402
from datatrove.pipeline.filters.unigram_log_probs import UnigramLogProbFilter  # noqa: E402

LISTS = {
    "en": "bilge\ntar barrels\nc++\nBallast\n",
    "de": "schotte\nm\u00f6we\n",
    "tr": "i\u0307skele\n\u0131slak\n",
    "el": "\u03bf\u03b4\u03cc\u03c2\n",
    "ja": "sm\n\u9752\n\u5973\u306e\u5b50\n\u8239\u3079\u308a\n",
    "zh": "\u6027\n\u6d77\u6c34\n",
    "th": "\u0e40\u0e23\u0e37\u0e2d\n",
}
BAD = [
    ("en", t)
    for t in (
        "Bilge", "bilge.", "(BILGE)", "bilges", "a bilge", "abilge", "_bilge", "bilge_", "bilge9", "bil\u00adge", "bilge\u0301", "\u00e9bilge", "bilge\u00e9", "tar barrels", "tar  barrels", "tar\nbarrels",
        "star barrels", "tar barrelstar barrels tar barrels", "c++", "c+++", "xc++", "c++x", "Ballast", "ballast", "", "\u4e2dbilge", "\u3000bilge\u3000", "bil\u212ae", "bilge\n", "\nbilge\n", "bilge-water", "\u2160bilge", "\u00b2bilge", "\U0001f600bilge\U0001f600",
    )
] + [
    ("de", "Die M\u00d6WE fliegt."), ("de", "Die M\u00f6wen"), ("de", "M\u00f6we"), ("de", "MO\u0308WE"), ("tr", "\u0130skele"), ("tr", "iskele"), ("tr", "\u0131slak zemin"), ("el", "\u0397 \u039f\u0394\u039f\u03a3"), ("el", "\u0397 \u039f\u0394\u039f\u03a3."),
    ("el", "\u039f\u0394\u039f\u03a3\u0391"), ("ja", "\u7a7a\u306f\u9752\u3044"), ("ja", "SM"), ("ja", "\u5973\u306e\u5b50"), ("ja", "\u8239\u3079\u308a\u306b"), ("ja", "\u8239"), ("zh", "\u6027"), ("zh", "\u9ad8\u6d77\u6c34\u4f4d"), ("zh", "\u6d77 \u6c34"),
    ("th", "\u0e21\u0e35\u0e40\u0e23\u0e37\u0e2d\u0e2b\u0e25\u0e32\u0e22\u0e25\u0e33"), ("th", "\u0e19\u0e49\u0e33"),
]


def bad_words(folder):
    for language, words in LISTS.items():
        (folder / language).write_text(words)
    c4_filters._BADWORDS_LANGS = list(LISTS)
    c4_filters.cached_asset_path_or_download = lambda url, **_: str(folder / url.rsplit("/", 1)[1])
    step = c4_filters.C4BadWordsFilter()
    drops = "".join("." if step.filter(Document(text=text, id="0", metadata={"language": language})) is True else "X" for language, text in BAD)
    return {"lists": LISTS, "texts": BAD, "drops": drops}


TABLE = "word,count\n" + "".join(
    f"{word},{count}\n"
    for word, count in [("the", 23135851162), ("of", 13151942776), ("and", 12997637966), ("to", 12136980858), ("that", 3400031103), ("with", 3183110675), ("have", 1564202750), ("be", 2390471672), ("near", 120404345),
                        ("river", 80404345), ("today", 200404345), ("caf\u00e9", 404345), ("the", 23135851163), ("it", 2813163874), ("c++", 17), ("boats", 31234)]
)


def unigram(texts, folder):
    class Local(UnigramLogProbFilter):
        def get_frequencies(self):
            import csv

            path = folder / "frequencies.csv"
            path.write_text(TABLE)
            with open(path, encoding="utf-8", newline="") as file:
                rows = [(row["word"], int(row["count"])) for row in csv.DictReader(file)]
            total = sum(count for _, count in rows)
            return {word: count / total for word, count in rows}

    step = Local()
    return {"table": TABLE, "means": [float(step.get_logprob(Document(text=text, id="0"))) for text in texts]}


# ---- Dolma ----------------------------------------------------------------------------------------------------------------------------


def load(name, path, **stubs):
    for stub, module in stubs.items():
        sys.modules[stub.replace("__", ".")] = module
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


class Registry:
    @staticmethod
    def add(_):
        return lambda tagger: tagger


def span(start, end, type, score=1.0):
    return types.SimpleNamespace(start=start, end=end, type=type, score=score)


def dolma_taggers():
    core = types.ModuleType("core")
    for part, names in {"data_types": ["DocResult", "Document", "Span"], "registry": ["TaggerRegistry"], "taggers": ["BaseTagger"]}.items():
        module = types.ModuleType(f"dolma.core.{part}")
        for name in names:
            setattr(module, name, {"Span": span, "TaggerRegistry": Registry, "BaseTagger": object, "DocResult": lambda doc, spans: spans}.get(name, MagicMock))
        sys.modules[module.__name__] = module
    for package in ("dolma", "dolma.core", "dolma.taggers"):
        module = sys.modules.setdefault(package, types.ModuleType(package))
        module.__path__ = []
    del core
    root = DOLMA / "python/dolma/taggers"
    return load("dolma.taggers.gopher", root / "gopher.py"), load("dolma.taggers.c4", root / "c4.py")


GOPHER_ORDER = ["character_count", "word_count", "median_word_length", "symbol_to_word_ratio", "fraction_of_words_with_alpha_character", "required_word_count", "fraction_of_lines_starting_with_bullet_point",
                "fraction_of_lines_ending_with_ellipsis", "fraction_of_duplicate_lines", "fraction_of_characters_in_duplicate_lines"]


def dolma(texts):
    gopher, c4 = dolma_taggers()
    c4.NAUGHTY_WORDS, c4.NAUGHTY_PHRASES = {"bilge"}, {"tar barrels"}
    measures, c4_results = [], []
    for text in texts:
        attributes = gopher.get_attributes(text)
        by_type = {each.type: each.score for each in attributes.as_spans()}
        top = [by_type.get(f"fraction_of_characters_in_most_common_{n}grams", 0) for n in (2, 3, 4)]
        duplicate = [by_type.get(f"fraction_of_characters_in_duplicate_{n}grams", 0) for n in range(5, 11)]
        measures.append([by_type[name] for name in GOPHER_ORDER[1:]] + top + duplicate)
        spans = c4.FasterC4Tagger().predict(types.SimpleNamespace(text=text))
        kinds = {each.type for each in spans}
        reason = next((r for k, r in (("has_curly_brace", "curly_bracket"), ("has_lorem_ipsum", "lorem_ipsum"), ("has_javascript", "javascript"), ("has_naughty_word", "bad_word")) if k in kinds), None)
        if reason is None:
            # The mixer replaces spans by nothing; those of one line are the same. Offsets are of the text in lower case: of the same length here.
            assert len(text.lower()) == len(text) or not any(s.type.startswith("lines") for s in spans) or "\u0130" in text
            removed = sorted({(s.start, s.end) for s in spans if s.type.startswith("lines")})
            left, at = "", 0
            for start, end in removed:
                left, at = left + text[at:start], end
            reason = "=" + digest(left + text[at:])
        c4_results.append(reason)
    return {"gopher": measures, "c4": c4_results}


# ---- DCLM -----------------------------------------------------------------------------------------------------------------------------


def dclm_modules():
    for name in ("justext", "lxml", "lxml.etree", "retrie", "retrie.retrie", "bs4", "transformers", "unidecode", "blingfire"):
        sys.modules.setdefault(name, MagicMock())
    constants = types.ModuleType("core.constants")
    constants.CONTENT, constants.URL = "text", "url"
    factory = types.ModuleType("core.factory_utils")
    factory.factory_function = lambda function: function
    core = types.ModuleType("core")
    core.__path__ = []
    sys.modules.update({"core": core, "core.constants": constants, "core.factory_utils": factory})
    for package in ("baselines", "baselines.mappers", "baselines.mappers.filters"):
        module = types.ModuleType(package)
        module.__path__ = []
        sys.modules[package] = module
    root = DCLM / "baselines/mappers"
    utils = load("baselines.mappers.core_utils", root / "core_utils.py")
    return utils, load("baselines.mappers.filters.content_filters", root / "filters/content_filters.py"), load("baselines.mappers.modifiers", root / "modifiers.py")


def dclm(texts):
    utils, filters, modifiers = dclm_modules()

    def repetition(granularity, bound, **more):
        return lambda page: filters.repetition_filter(page, granularity, bound, cache=page["cache"], **more)

    # dclm_baseline_refinedweb.yaml, without what it does before and after pages, in its order.
    rules = [
        ("too_few_words", lambda page: filters.page_length_filter(page, "word", 50, ignore_punctuation=True)),
        ("too_many_words", lambda page: filters.page_length_filter(page, "word", 0, 100000, ignore_punctuation=True)),
        ("words_too_short", lambda page: filters.word_length_filter(page, 3)),
        ("words_too_long", lambda page: filters.word_length_filter(page, 0, 10)),
        ("too_many_symbols", lambda page: filters.symbol_ratio_filter(page, 0.1)),
        ("too_many_bullet_lines", lambda page: filters.bullet_count_filter(page, 0.9)),
        ("too_many_ellipsis_lines", lambda page: filters.ellipsis_count_filter(page, 0.3)),
        ("too_many_other_words", lambda page: filters.alphabetic_word_ratio_filter(page, 0.2)),
        ("too_few_stop_words", lambda page: filters.stop_word_filter(page, False, 2)),
        ("too_many_duplicate_lines", repetition("line", 0.3, count_characters=False)),
        ("too_many_duplicate_paragraphs", repetition("paragraph", 0.3, count_characters=False)),
        ("too_many_duplicate_line_chars", repetition("line", 0.2)),
        ("too_many_duplicate_paragraph_chars", repetition("paragraph", 0.2)),
        *[(f"top_{n}gram_too_frequent", repetition(n, bound)) for n, bound in ((2, 0.2), (3, 0.18), (4, 0.16))],
        *[(f"too_many_duplicate_{n}grams", repetition(n, bound)) for n, bound in zip(range(5, 11), (0.15, 0.14, 0.13, 0.12, 0.11, 0.1))],
    ]
    steps = [
        lambda page: modifiers.uppercase_ratio_line_modifier(page, max_ratio=0.5),
        lambda page: modifiers.numeric_ratio_line_modifier(page, max_ratio=0.999999),
        modifiers.counter_line_modifier(),
        lambda page: modifiers.line_length_modifier(page, min_length=2),
        modifiers.substring_line_modifier(max_length=10, banlist="items in cart", remove_substring_only=True),
        modifiers.substring_line_modifier(max_length=10, banlist="Read more...", location="suffix", remove_substring_only=True),
        modifiers.substring_line_modifier(max_length=10, banlist="Sign-in", location="prefix", remove_substring_only=True),
    ]
    pages, loose, lines = [], [], []
    for text in texts:
        cache = {}
        failed = [name for name, rule in rules if rule({"text": text, "cache": cache}) == []]
        pages.append(failed[0] if failed else None)
        # Without the rules of length, of which most texts here are too short.
        rest = [name for name in failed if name not in ("too_few_words", "too_few_stop_words")]
        loose.append(rest[0] if rest else None)
        before = len(utils.split_words(text, ignore_punctuation=True))
        page, result = {"text": text, "before": before}, None
        for step in steps:
            if step(page) == []:
                result = "nothing_left"
                break
        if result is None:
            kept = filters.word_removal_ratio_filter(page, "before", max_removed_ratio=0.05)
            result = "=" + digest(page["text"]) if kept else "too_many_words_removed"
        lines.append(result)
    deduped = []
    for text in texts:
        page = {"text": text}
        modifiers.within_page_dedup(page)
        deduped.append(digest(page["text"]))
    words = [utils.split_words(text, model="uniseg", ignore_punctuation=True) for text in texts]
    return {"pages": pages, "loose_pages": loose, "lines": lines, "deduped_lines": deduped, "uax29": [[len(w), digest("\n".join(w))] for w in words]}


# ---- OLMo-core ------------------------------------------------------------------------------------------------------------------------


def olmo():
    source = (OLMO / "src/olmo_core/data/utils.py").read_text()
    names = {"np": np, "Generator": __import__("typing").Generator, "List": list, "NamedTuple": __import__("typing").NamedTuple}
    wanted = ("find_end_first_consecutive_true", "find_start_last_consecutive_true", "group_consecutive_values", "RepetitionTuple", "find_periodic_sequences")
    import ast

    parts = [node for node in ast.parse(source).body if getattr(node, "name", None) in wanted]
    exec(compile(ast.Module(parts, []), "utils.py", "exec"), names)
    picks = random.Random(7)
    cases = []
    for i in range(300):
        ids = []
        while len(ids) < picks.choice((5, 40, 300)):
            piece = [picks.randrange(picks.choice((1, 2, 3, 50))) for _ in range(picks.randrange(1, 16))]
            ids += piece * picks.choice((1, 1, 2, 3, 4, 5, 33, 40))
        low, high, least = picks.choice(((1, 13, 32), (1, 13, 3), (2, 5, 3), (1, 3, 4)))
        found = [m for m in names["find_periodic_sequences"](np.array(ids), max_period=high, min_period=low) if m.times >= least]
        covered = np.zeros(len(ids), dtype=bool)
        for m in found:
            covered[m.start : m.end] = True
        edges = np.flatnonzero(np.diff(np.concatenate(([0], covered.astype(int), [0])))).tolist()
        cases.append({"ids": ids, "rule": [low, high, least], "ranges": edges, "repeats": int(max((m.times for m in found), default=0))})
    return cases


# ---- StarCoder 2 ----------------------------------------------------------------------------------------------------------------------

ENCODED = [r"[a-zA-Z0-9+/\n=]{64,}", r"(?:\b(?:0x|\\x)?[0-9a-fA-F]{2}(?:,|\b\s*)){8,}", r"(?:\\u[0-9a-fA-F]{4}){8,}"]


def encoded():
    """Texts of pieces that almost match, with what Python's `re` matches of the paper's expressions: all characters and the longest match."""
    import re

    picks = random.Random(11)
    pieces = ["0x12", "\\x12", "ab", "CD", "0f", ",", ", ", " ", "\n", "\t", "\u00a0", "x", "_", "\u00e9", "\\u12aB", "\\u123", "QUJD" * 17, "+/=\n" * 17, "A" * 63, "A" * 64, "g", "0x", "\\", "9"]
    cases = []
    for _ in range(400):
        weights = [picks.random() ** 4 for _ in pieces]
        text = "".join(picks.choices(pieces, weights, k=picks.choice((5, 20, 60))))
        if picks.random() < 0.4:
            text += picks.choice(("0x12,", "12 ", "\\x12", "\\u00ff", "ab\n")) * picks.randrange(6, 12)
        matches = [m.end() - m.start() for e in ENCODED for m in re.finditer(e, text)]
        cases.append([text, sum(matches), max(matches, default=0)])
    return cases


if __name__ == "__main__":
    import tempfile

    texts = [*known_texts(), *MORE]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paragraphs = c4_filters.C4ParagraphFilter()
        golden = {
            "more": MORE,
            "c4_paragraphs": "".join("." if paragraphs.filter(Document(text=text, id="0")) is True else "X" for text in texts),
            "bad_words": bad_words(folder),
            "unigram": unigram(texts, folder),
            "dolma": dolma(texts),
            # uniseg takes minutes for the longest texts.
            "dclm": dclm([text if len(text) < 20_000 else "" for text in texts]),
            "olmo": olmo(),
            "encoded": encoded(),
        }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    with gzip.GzipFile(OUT, "wb", mtime=0) as file:
        file.write(json.dumps(golden, separators=(",", ":")).encode())
    print(len(texts), "texts", OUT.stat().st_size, "bytes")
    for name in ("pages", "loose_pages"):
        print(name, sorted({str(r) for r in golden["dclm"][name]}))
    print("lines", sorted({str(r)[:1] == "=" and "=" or str(r) for r in golden["dclm"]["lines"]}))
