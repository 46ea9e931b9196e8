"""Writes test/golden/jinja.json: what jinja2 3.1.6, set up by transformers 5.24, makes of small templates.

The oracle of kernels/jinja. Each case is a template with the text and the spans of its generation blocks (code points), or `error`. The date is fixed.

    pip install jinja2==3.1.6 transformers==5.24.0
    python3.11 test/golden/scripts/jinja.py > test/golden/jinja.json
"""

import copy
import datetime
import json
import sys
import unicodedata

import transformers.utils.chat_template_utils as chat

assert unicodedata.unidata_version == "14.0.0", "run me with Python 3.11"


class Fixed(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2026, 1, 4, 15, 5, 9)


chat.datetime = Fixed

VARIABLES = {
    "s": "Hello World", "t": "  a,b ,,c\n", "u": "it's \"é\" 😀\u200b\ufeff\u0085 x", "e": "", "w": "ǆ ß İ ΑΣ straße 1a-b(c",
    "i": 7, "j": -3, "f": 2.5, "g": -0.125, "big": 12345678901234567890, "yes": True, "n": None,
    "l": [3, 1, 2], "m": ["b", "A", "c", "a"], "z": [],
    "d": {"a": 1, "B": [1, 2], "c": {"x": "y"}, "items": 5},
    "o": [{"k": "x", "v": 1}, {"k": "Y", "v": None}, {"k": "z"}],
    "floats": [1.0, 1e20, 1e-7, 123456.789, 1e16, 0.0001, -0.0, 5e-324],
    "index": {"2": 1, "1": 2, "b": 3},
}

FILTERS = """length upper lower title capitalize trim trim('H') string list first last sort sort(reverse=true) sort(case_sensitive=true)
sort(attribute='k') reverse|list unique|list join join(',') join(',',attribute='k') tojson tojson(indent=2) tojson(sort_keys=true)
tojson(separators=(',',':')) tojson(ensure_ascii=true) int float abs round round(1) round(2) round(0,'ceil') round(1,'floor') default('D')
default('D',true) d(1) dictsort dictsort(true) dictsort(by='value') items|list map('upper')|list map(attribute='k')|list
map(attribute='v',default='-')|list map('string')|join('/') select|list select('string')|list reject('none')|list selectattr('v')|list
selectattr('k','equalto','x')|list rejectattr('v','none')|list replace('l','L',1) replace('','.') indent indent(2,true) indent('>',blank=true) e
count sum max min batch(2,'-')|list slice(2)|list center(15) truncate(5,true,'') wordcount format(1) select('odd')|list reject('in',[1,'a'])|list
map('length')|list nosuchfilter""".split()
TESTS = """defined undefined none string number integer float boolean mapping sequence iterable callable true false odd even divisibleby(3) lower
upper equalto(1) eq(7) ne(1) in([7,'a']) sameas(none) gt(1) lt(2) escaped nosuchtest""".split()
METHODS = """upper() lower() strip() strip('·a') lstrip('H') rstrip() split() split(',') split(',',1) split(none,1) rsplit(',',1) rsplit(none,1)
replace('l','') replace('','-') replace('l','L',1) startswith('H') endswith(('d','c')) find('o') count('l') title() capitalize() join(m)
splitlines() splitlines(true) isdigit() isalpha() islower() isupper() isspace() partition(',') rpartition('·') zfill(12) ljust(14,'.') rjust(14)
removeprefix('He') removesuffix('ld') swapcase() index('l') startswith('l',2) find('l',4) count('l',0,4) get('a') get('zz') get('zz',1) keys()|list
values()|list items()|list items() index(1) count(1) append(1) a x items nosuch""".replace("\n", " ").split()
VALUES = ["s", "t", "u", "w", "e", "i", "j", "f", "yes", "n", "l", "m", "z", "d", "o", "undef", "range(3)", "(1,2)"]

EXPRESSIONS = """floats; [floats]; floats|tojson; big + 1; big * big; big / 3; 7 // 2; -7 // 2; -7 % 3; 7 % -3; f // j; g % j; 7 / 2; 2 ** 10; 2 ** -1; 2 ** 0.5;
1 / 0; 1 % 0; s ~ n ~ undef ~ 1.0; s * 2; l * 2; l + m; (1,) + (2,); s + 1; 1 + 2 ~ 3; 'a' + 1 ~ 'b'; 'a' ~ 1 + 'b'; 1 < 2 and 3; e or n or 'x';
not e; 1 == 1.0; true == 1; '1' == 1; none == undef; undef == undef2; [1] == [1.0]; {'a': 1} == {'a': 1.0}; (1,) == [1]; 'a' < 'B'; '\ufffd' < '😀'; [1, 2] < [1, 3];
1 < 'a'; n < 1; 'a' in s; 'a' in d; 'a' in undef; 'a' in n; 1 in l; 1.0 in l; [1] in [[1]]; s[0]; s[-1]; s[20]; u[8]; u[5:9]; s[1:4]; s[::-1]; s[::2]; l[1:];
l[::-1]; l[9]; l['a']; (1, 2, 3)[1:]; range(9, 0, -2)[1:]; range(9)[-1]; z[1:]; n[1:]; undef[1:]; undef.x; n.x; s.x; d.items; d['items']; d.a; d['nope'];
d.nope; d.nope.x; d|items; index; index|tojson; index.keys()|list; {1: 2, none: 3, 'a': 4}; {true: 1}; [1, 'a', n, yes, undef]; (1,); (); 'it\\'s'; ['it\\'s']; ['"']; ['\\'"'];
'%s is %d, %5.1f %%' % ('x', 3, 2.25); '%s' % d; '%s %s' % 'a'; 'x'|format(1); '%05d|%-5s|%+d'|format(42, 'ab', 7); 1 if e; 1 if e else 2; [x for x in l]; 4 is divisibleby 2;
4 is not divisibleby 3; 3 is odd and 4 is even; n is none or undef; s is string ~ 'x'; 1.25|round(1); 1.35|round(1); 2.5|round; 3.5|round; -2.5|round; 2.675|round(2); 12345|round(1);
'3.7'|int; ' 12 '|int; 'x'|int(5); '1e3'|float; 'inf'|float; n|int; '<a&"\\'>'|e; ('<a>'|safe) + '<b>'; '<a>' + (s|safe); ('<a>'|safe)|replace('a','b'); ('a'|safe).join(['<']); s|tojson|safe ~ '<';
m|map('upper'); m|map('upper')|list; (m|map('upper'))|length; (z|select) and 'true'; (m|select('in', 'ab'))|first; m|last; z|first; z|last|default('none'); d|length; d|list; d|first; d|last; d|join('-');
o|map(attribute='k')|sort|join; o|selectattr('v', 'defined')|list|length; o|groupby('k'); dict(a=1, b=2); dict([('a', 1)], b=2); namespace(a=1); namespace(_a=1); range(3); range(0); range(5, 1); range(1000000);
strftime_now('%d %B %Y'); strftime_now('%a %A %w %d %b %B %m %y %Y %H %I %p %M %S %f %j %U %W %c %x %X %% %e %D %F %T %R %r %n %t %C %g %G %h %k %l %P %u %V');
strftime_now('%-d/%-m %_d %^a %#p %010Y %Q %Z|%z|'); strftime_now(1); raise_exception('no: ' ~ s); raise_exception(); l.append(1); s.format(1); s.__class__; d.update({}); s.nosuch(); s(); undef(); 1(); s.split(sep='o'); s.split(x=1); s.split(1);
s.replace('o'); '\\x41\\u00e9\\t'; 'a' 'b'; 1.5e3; 10_000; -i; +i; -yes; -s; - n; not not i; i|string + 'x'; i ~ 'x'|upper; (i ~ 'x')|upper; -1|abs; 'É'.lower(); 'ﬁ'.upper(); 'ﬁx'.title(); 'ΑΣ'.lower(); 'ᾳ'.capitalize(); '²'.isdigit();
'\u1c89' ~ ['\u1c89', '\u0300', '\u00a0', '\u3000', '\ue000', '\u00ad']; '\u1c89'.lower(); 'a\u2028b\x1cc\x85d'.split(); 'a\u2028b\x1cc\x85d'.splitlines(); '\ufeff x \u00a0'.strip()|length; '\U0001f600' """.split(";")

STATEMENTS = [
    "{% for x in l %}{{ x }}{{ ',' if not loop.last }}{% endfor %}",
    "{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.length }}{{ loop.depth }}{{ loop.previtem }}{{ loop.nextitem }};{% endfor %}",
    "{% for x in l %}{{ loop.cycle('a', 'b') }}{{ loop.changed(x > 1) }}{% endfor %}",
    "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}", "{% for k in d %}{{ k }}{% endfor %}", "{% for c in 'a😀' %}{{ c }}|{% endfor %}",
    "{% for x in undef %}x{% else %}none{% endfor %}", "{% for x in n %}{% endfor %}", "{% for x in 5 %}{% endfor %}", "{% for a, b in l %}{% endfor %}",
    "{% for x in l if x > 1 %}{{ x }}{{ loop.length }}{% endfor %}", "{% for x in l if false %}{% else %}E{% endfor %}",
    "{% for x in l %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% if x == 2 %}{% break %}{% endif %}{% endfor %}",
    "{% for x in [1, 2] %}{{ a is defined }},{% set a = 1 %}{% endfor %}{{ a is defined }}", "{% if true %}{% set a = 1 %}{% endif %}{{ a }}",
    "{% if false %}{% set s = 1 %}{% endif %}{{ s }}", "{% for x in [1] %}{{ s }}{% set s = 2 %}{{ s }}{% endfor %}{{ s }}",
    "{% for x in [1] %}{{ s }}{% endfor %}{% set s = 2 %}{{ s }}", "{% set s = s ~ '!' %}{{ s }}", "{% set a, b = 1, 2 %}{{ a }}{{ b }}", "{% set a = 1, 2 %}{{ a }}",
    "{% set x %} a {{ s }}{% endset %}[{{ x }}]", "{% set x | upper | trim %} a {% endset %}[{{ x }}]", "{% set ns = namespace(v=0) %}{% for x in l %}{% set ns.v = ns.v + x %}{% endfor %}{{ ns.v }}",
    "{% set ns = namespace() %}{% set ns._a = 1 %}", "{% set d.a = 1 %}", "{% set g = m|map('upper') %}{{ g|join }}{{ g|join }}",
    "{% macro f(a, b=2, c=a) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ f(1) }}|{{ f(1, c=3) }}|{{ f() }}", "{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}", "{% macro f(a) %}{% endmacro %}{{ f(b=2) }}",
    "{% macro f(a) %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1, 2, 3, x=4) }}", "{% macro f() %}{{ x }}{% endmacro %}{% set x = 1 %}{{ f() }}{% set x = 2 %}{{ f() }}",
    "{% macro f() %}{{ s }}{% set s = 3 %}{{ s }}{% endmacro %}{{ f() }}{{ s }}", "{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}",
    "{% macro f() %}<{{ caller() }}>{% endmacro %}{% call f() %}{{ s }}{% endcall %}", "{% macro f(x) %}<{{ caller(x) }}>{% endmacro %}{% call(y) f(1) %}{{ y + 1 }}{% endcall %}",
    "{% macro f() %}{% endmacro %}{% call f() %}{% endcall %}", "{% for x in l %}{% macro f() %}{{ x }}{% endmacro %}{{ f() }}{% endfor %}", "{% filter upper %}a{{ s }}{% endfilter %}", "{% filter replace('a', 'b') %}aa{% endfilter %}",
    "a{% generation %}{{ s }}{% endgeneration %}b{% generation %}{% endgeneration %}😀{% generation %}é{% endgeneration %}", "{% for x in l %}{%- generation -%} {{ x }} {%- endgeneration -%} {% endfor %}",
    "{% generation %}{% set a = 1 %}{{ a }}{% endgeneration %}{{ a }}", "{% for x in l %}{% generation %}{% break %}{% endgeneration %}{% endfor %}", "{% break %}",
    "{% for x in l %}{% set s = x %}{% generation %}{{ s }}{% set s = 9 %}{% endgeneration %}{{ s }}{% endfor %}{{ s }}",
    "  {% if true %}  \n  x\n  {% endif %}\n y\n", "  {{ 1 }}  \n  {{- 2 -}}  \n 3", "a\r\nb\rc\n", "a\n\n", "{# c #}\n a {#- d -#} b", "{{ '{{' }}{{ '}}' }}{{ {'a': {'b': 1}} }}", "{% if a if b else c %}{% endif %}", "{% if (yes if n else s) %}1{% endif %}",
    "{% if n %}1{% elif z %}2{% elif i %}3{% else %}4{% endif %}", "{% nosuch %}", "{% if %}", "{{ }}", "{{ 1", "{% if true %}", "{{ loop }}", "{% for x in l %}{{ loop.nosuch }}{% endfor %}",
    "{% macro f() %}{% generation %}a{% endgeneration %}{% endmacro %}", "{% set true = 1 %}", "{% for loop in l %}{{ loop }}{% endfor %}", "{{ cycler is defined }}{{ joiner is defined }}",
]


def rendered(template):
    try:
        compiled = chat._compile_jinja_template(template)
        text, spans = chat._render_with_assistant_indices(compiled, [], None, None, False, **copy.deepcopy(VARIABLES))
        return {"text": text, "spans": spans}
    except Exception as error:  # noqa: BLE001
        return {"error": type(error).__name__}


cases = [f"{{{{ {value}|{name} }}}}" for value in VALUES for name in FILTERS]
cases += [f"{{{{ {value} is {name} }}}}" for value in VALUES for name in TESTS]
cases += [f"{{{{ {value}.{name.replace('·', ' ')} }}}}" for value in VALUES if value not in ("range(3)", "(1,2)") for name in METHODS]
cases += [f"{{{{ {expression.strip()} }}}}" for expression in EXPRESSIONS]
cases += STATEMENTS
out = [[template, rendered(template)] for template in cases]
made = f"transformers {__import__('transformers').__version__}, jinja2 {__import__('jinja2').__version__}, date 2026-01-04 15:05:09"
print('{"made_by":' + json.dumps(made) + ',"variables":' + json.dumps(VARIABLES) + ',"cases":[')
print(",\n".join(json.dumps(case) for case in out))
print("]}")
print(len(out), "cases", sum("error" in result for _, result in out), "errors", file=sys.stderr)
