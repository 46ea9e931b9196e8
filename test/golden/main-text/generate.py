"""Writes pages.json: pages and what Resiliparse makes of them, whole and as main content.

    python test/golden/main-text/generate.py > test/golden/main-text/pages.json    (resiliparse 2.0.1)
"""
import json
from resiliparse.extract.html2text import extract_plain_text

LINKS = "".join(f"<a href=/{i}>Section number {i}</a> " for i in range(9))
PROSE = "<p>Water boils at lower heat where the air is thin.</p>"


def deep(html):
    return f"<div><div><div>{html}{PROSE}</div></div></div>"


PAGES = [
    # Layout.
    "<p>One<p>Two<div>Three</div>Four<br>Five<br><br>Six",
    "<h1>A</h1>text<h5>B</h5>text<hr>after",
    "<p>a <b>b</b> c\n\t d&nbsp;e &lt;f&gt; &amp;amp; &copy &notanentity; &#x41;&#8364;&#128;</p>",
    "<pre>\n a\n  b</pre>c<pre>x  y</pre>",
    "<ul><li>a<li>b<ul><li>c</ul>d</ul>e<ol><li>f<li><p>g<p>h</ol>i",
    "<ul><li>a<ol><li>b<li>c</ol><li>d</ul>",
    "<dl><dt>t<dd>d<dt>u<dd>e</dl>",
    "<table><caption>c<tr><th>A<th>B<tr><td>C<td><b>D</b> d</table>e",
    "<table><tr>\n<td>A</td>\n<td>B </td>\n</tr></table>",
    "<p>a<img alt='pic'>b<img>c<figure><img alt=q><figcaption>cap</figcaption></figure>",
    "<p>x<svg><title>q</title><text>s</text></svg>y<math><mi>z</mi></math>",
    "<blockquote>q<p>r</blockquote>s",
    "a<!-- c -->b<script>var x = '<p>no';</script><style>p{}</style><noscript>n</noscript><template>t</template>d",
    "<form>F<label>l</label><textarea>t</textarea><button>b</button><select><option>o</select><input value=v></form>",
    # Trees.
    "<p>a<table><tr><td>b</table>c",
    "<!doctype html><p>a<table><tr><td>b</table>c",
    "<b><p>a</b>b</p>c",
    "<a href=1>x<a href=2>y<div>z<a href=3>w",
    "<div><span>a<div>b</span>c</div>d",
    "<p><b>a<p>b</b><p>c",
    "<head><title>t</title><noscript><img alt=i></noscript></head><body>b",
    "<title>t</title>x<title>u</title>",
    "</p>a</br>b</div>c",
    "<table><tr><td><table><tr><td>x</table>y</table>z",
    "<ul><li><div>a<li>b</div></ul>",
    "<body class=x>a</body></html>b",
    "<h1>a<h2>b</h3>c",
    "<option>a<option>b",
    "<textarea>\na &lt; b</textarea>c",
    "<xmp><b>x</b></xmp><plaintext><i>y</i>",
    "a < b <c d<e f>g</e>h",
    "<p title='>'>x</p><p a=b/c=d>y<p/>z",
    "<svg><p>x</svg>y",
    "<![CDATA[x]]><svg><![CDATA[y]]></svg>z<?php echo 1 ?>w",
    # Main content.
    deep("<nav>no</nav><aside>no</aside><time>no</time><footer>no</footer>"),
    f"<nav>no</nav><div>{PROSE}</div><footer>no</footer><div><div><footer>no</footer></div></div>",
    f"<div class='main-content'><p>in</p></div>{PROSE}",
    f"<div role=main><p>in</p></div>{PROSE}",
    f"<div role=main><p>a</p></div><div role=main><p>b</p></div>{PROSE}",
    deep(f"<ul><li>{LINKS}</ul><ul><li>words without a link</ul>"),
    f"<ul><li>shallow</ul>{PROSE}",
    deep(f"<div><div><div>{LINKS}</div></div></div><div class=x>{LINKS}</div>"),
    deep(f"<article>{LINKS}</article><article>{PROSE}</article>"),
    *(
        deep(f"<div class='{name}'>judged</div><p class='{name}'>judged</p><span class='{name}'>judged</span><div id='{name}'>judged</div>")
        for name in (
            "menu main-menu menu-top mmenuwrapper navbar site_nav breadcrumb dropdown links-list new_link skip-link pagination"
            " post-footer footer site-footer copyright cookie-banner page-header header related trending related-posts sidebar"
            " sidebar-wrapper right-sidebar search-box search searching modal popup gallery ae-bg-gallery login user-profile ad"
            " ad_1f advert google-ads banner sponsor social share-buttons m-email likes newsletter comments no-comments reply"
            " logo site-logo print-only spinner short-view-count post-meta byline hidden is-hidden collapsed article story-body"
            " content text entry-title nav article-nav text-menu foo__bar--baz x"
        ).split()
    ),
    deep("<div style='display: none'>no</div><span style='visibility:hidden'>no</span><div hidden>no</div><p aria-hidden=true>no"),
    deep("<div rel=tag>no</div><p itemprop=author>no<p itemprop=name>yes<div aria-expanded=false>no</div><div role=banner>yes</div><div role=banner class=x>no</div>"),
    deep("<div data-ad class=x>no</div><div data-ad>yes</div><div class=hidden>no</div><a class=next>no</a><p class=next>yes"),
    deep("<p>¶</p><b>\ue001</b><dialog>yes</dialog><figure>yes</figure>"),
    "<div><div><div><footer>last</footer></div></div></div>",
    "<div><div><div><footer>not last</footer><p>x</div></div></div>",
]

out = [
    {"html": html, "whole": extract_plain_text(html), "main": extract_plain_text(html, main_content=True)}
    for html in PAGES
]
print("[" + ",\n".join(json.dumps(page, ensure_ascii=False) for page in out) + "]")
