"""Writes what datatrove's URLFilter says of made-up URLs, as JSON lines: the lists first, then [url, reason or null].

    pip install datatrove[processing]==0.10.1
    TLDEXTRACT_PUBLIC_SUFFIX_LIST_URLS= python url-filter.py [COUNT] > ../filters/url-filter.jsonl

Without a list of its own, tldextract takes the snapshot of the Public Suffix List that comes with it. Deterministic: no seed but the count.
"""

import json
import os
import random
import sys
import warnings

os.environ["TLDEXTRACT_PUBLIC_SUFFIX_LIST_URLS"] = ""
warnings.simplefilter("ignore")

from datatrove.data import Document  # noqa: E402
from datatrove.pipeline.filters import URLFilter  # noqa: E402

LISTS = {
    "domains": ["blocked.com", "danger.org", "bad.nice.com", "evil.co.uk", "x.kawasaki.jp", "city.kawasaki.jp", "mine.blogspot.com", "blogspot.de",
                "例.中国", "xn--fsq.xn--fiqs8s", "faß.de", "UPPER.com", "www.ck", "1.2.3.4", "odd_name.net"],
    "urls": ["https://fine.com/but/not/this", "fine.org/nor/this", "http://fine.com/?q=1"],
    "banned_words": ["casino", "Two Words", "x-rated", "a1"],
    "soft_banned_words": ["bonus", "free", "win", "Cash"],
    "banned_subwords": ["pokerroom", "room101", "casino", "oker", "big win"],
}
SCHEMES = ["http://", "https://", "HTTP://", "//", "", "ftp://", "x-y+z.1://", "http:/", "http:///", "h ttp://", "mailto:", "://", "a//"]
USERS = ["", "", "", "", "user@", "user:pw@", "a@b@", "blocked.com@"]
HOSTS = ["blocked.com", "danger.org", "nice.com", "bad.nice.com", "worse.bad.nice.com", "evil.co.uk", "co.uk", "uk", "com", "localhost", "x.kawasaki.jp",
         "a.x.kawasaki.jp", "kawasaki.jp", "city.kawasaki.jp", "mine.blogspot.com", "mine.blogspot.de", "例.中国", "a.例.中国", "xn--fsq.xn--fiqs8s",
         "faß.de", "upper.com", "UPPER.com", "Blocked.COM", "www.ck", "a.www.ck", "a.b.ck", "1.2.3.4", "1.2.3.4.com", "[::1]", "[blocked.com]", "[blocked.com",
         "odd_name.net", "a.odd_name.net", "blocke.dcom", "blocked.com.", "blocked.com..", "blocked。com", "bad．nice｡com", "blocked.com。", ".blocked.com",
         "..blocked.com", "a..blocked.com", "blocked..com", " blocked.com ", "fine.com", "fine.org", "city.gov.uk", "a.b.c.d.e.f.danger.org", "", "."]
PORTS = ["", "", "", ":80", ":8080", ":", ":a", "::1"]
PATHS = ["", "/", "/casino", "/Casino", "/casinos", "/x-rated", "/xrated", "/twowords", "/two/words", "/a1", "/A1", "/free-bonus", "/free/free", "/free%20cash", "/Cash/win",
         "/cash-win", "/poker-room-101", "/PokerRoom", "/roo_m1_01", "/b.i.g.w.i.n", "/but/not/this", "/nor/this", "/free?win=1#bonus", "?q=1", "#casino", "/é/casino",
         "/caſino", "/p0kerroom", "/joker", "/\u212aasino", "/big win", "?a=//blocked.com", "/@danger.org"]


def urls(count):
    draw = random.Random(count)
    fixed = [
        "https://blocked.com/some-sub-url?with=stuff", "https://hey.danger.org/some-sub-url?with=stuff", "http://hey.danger.org/some-sub-url?with=stuff",
        "http://www.danger.org/some-sub-url?with=stuff", "https://nice.com/some-sub-url?with=stuff", "https://bad.nice.com/some-sub-url?with=stuff",
        "https://sdsd.bad.nice.com/some-sub-url?with=stuff", "https://blocke.dcom/some-sub-url?with=stuff",
        "https://fine.com/but/not/this", "fine.org/nor/this", "http://fine.org/nor/this", "http://fine.com/?q=1",
    ]
    fixed += ["http://" + host + "/" for host in HOSTS] + ["http://fine.com" + path for path in PATHS]
    yield from fixed[:count]
    for _ in range(count - len(fixed)):
        parts = [draw.choice(pool) for pool in (SCHEMES, USERS, HOSTS, PORTS, PATHS)]
        if draw.random() < 0.3:
            parts[0], parts[1] = "https://", ""
        if draw.random() < 0.3:
            parts[4] += draw.choice(PATHS)
        if draw.random() < 0.2:
            parts[2] = draw.choice(["www.", "a.", "-", "A.", "xn--a."]) + parts[2]
        yield "".join(parts)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    judge = URLFilter(
        extra_domains=LISTS["domains"], extra_urls=LISTS["urls"], banned_words=LISTS["banned_words"], soft_banned_words=LISTS["soft_banned_words"],
        banned_subwords=LISTS["banned_subwords"], use_integrated_lists=False,
    )
    print(json.dumps(LISTS, ensure_ascii=False))
    for url in dict.fromkeys(urls(count)):
        if url == "":
            continue
        said = judge.filter(Document(text="x", id="1", metadata={"url": url}))
        print(json.dumps([url, None if said is True else said[1]], ensure_ascii=False))


main()
