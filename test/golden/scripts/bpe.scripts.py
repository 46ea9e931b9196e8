"""Makes kernels/bpe/scripts.gen.ts: which characters `\\p{Script}` has in the Oniguruma of `tokenizers`.

    python -m venv venv && venv/bin/pip install tokenizers==0.23.2
    venv/bin/python test/golden/scripts/bpe.scripts.py > kernels/bpe/scripts.gen.ts
"""
from tokenizers import Regex, pre_tokenizers

NAMES = """Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali Bhaiksuki
Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian Chakma Cham Cherokee Chorasmian
Common Coptic Cuneiform Cypriot Cypro_Minoan Cyrillic Deseret Devanagari Dives_Akuru Dogra Duployan
Egyptian_Hieroglyphs Elbasan Elymaic Ethiopic Garay Georgian Glagolitic Gothic Grantha Greek Gujarati Gunjala_Gondi
Gurmukhi Gurung_Khema Han Hangul Hanifi_Rohingya Hanunoo Hatran Hebrew Hiragana Imperial_Aramaic Inherited
Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada Katakana Kawi Kayah_Li Kharoshthi
Khitan_Small_Script Khmer Khojki Khudawadi Kirat_Rai Lao Latin Lepcha Limbu Linear_A Linear_B Lisu Lycian Lydian
Mahajani Makasar Malayalam Mandaic Manichaean Marchen Masaram_Gondi Medefaidrin Meetei_Mayek Mende_Kikakui
Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi Mongolian Mro Multani Myanmar Nabataean Nag_Mundari Nandinagari
New_Tai_Lue Newa Nko Nushu Nyiakeng_Puachue_Hmong Ogham Ol_Chiki Ol_Onal Old_Hungarian Old_Italic
Old_North_Arabian Old_Permic Old_Persian Old_Sogdian Old_South_Arabian Old_Turkic Old_Uyghur Oriya Osage Osmanya
Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician Psalter_Pahlavi Rejang Runic Samaritan Saurashtra Sharada
Shavian Siddham SignWriting Sinhala Sogdian Sora_Sompeng Soyombo Sundanese Sunuwar Syloti_Nagri Syriac Tagalog
Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Tangsa Tangut Telugu Thaana Thai Tibetan Tifinagh Tirhuta Todhri
Toto Tulu_Tigalari Ugaritic Vai Vithkuqi Wancho Warang_Citi Yezidi Yi Zanabazar_Square""".split()
SURROGATES = range(0xD800, 0xE000)
TEXT = "".join(chr(c) for c in range(0x110000) if c not in SURROGATES)


def code_point(index):
    return index if index < 0xD800 else index + 0x800


def ranges(name):
    """The script's characters: what is left when all others are removed."""
    split = pre_tokenizers.Split(Regex(rf"\P{{{name}}}+"), "removed")
    for _, (start, end) in split.pre_tokenize_str(TEXT):
        yield code_point(start), code_point(end - 1)


def base36(number):
    digits = ""
    while number >= 36:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return "0123456789abcdefghijklmnopqrstuvwxyz"[number] + digits


def coded(name):
    at, numbers = 0, []
    for first, last in ranges(name):
        numbers += [first - at, last - first]
        at = last
    return " ".join(map(base36, numbers))


print("// Made by test/golden/scripts/bpe.scripts.py from tokenizers 0.23.2. Do not edit.\n")
print("/** The characters of each script: pairs of distance from the last range's end, and length less one, in base 36. */")
print("export const SCRIPTS: Readonly<Record<string, string>> = {")
for name in NAMES:
    print(f'  {name}: "{coded(name)}",')
print("};")
