#!/usr/bin/env python3
"""Writes src/BreakGlass.Core/Rules/FoldingTable.cs: what each character becomes when user names are compared (Unicode TR 15 and TR 44,
NFKC_Casefold, left decomposed)."""
import pathlib
import sys
import unicodedata

IGNORABLE = [0xAD, 0x34F, 0x61C, (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F),
             0x3164, (0xFE00, 0xFE0F), 0xFEFF, 0xFFA0, (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)]
ignorable = {c for r in IGNORABLE for c in (range(r[0], r[1] + 1) if isinstance(r, tuple) else [r])}


def fold(text):
    while True:
        after = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
        after = "".join(c for c in after if ord(c) not in ignorable)
        if after == text:
            return after
        text = after


table = {}
for code in range(0x80, 0x110000):
    # Hangul syllables are taken apart by a rule, and the tags and variation selectors of plane 14 are one range.
    if 0xAC00 <= code <= 0xD7A3 or 0xD800 <= code <= 0xDFFF or 0xE0000 <= code <= 0xE0FFF:
        continue
    folded = fold(chr(code))
    if folded != chr(code):
        table[code] = [ord(c) for c in folded]

tokens, code, after = [], 0, 0
while code < 0x110000:
    if code not in table:
        code += 1
        continue
    to, count = table[code], 1
    while to and table.get(code + count) == to[:-1] + [to[-1] + count]:
        count += 1
    tokens.append(("" if code == after else "%X" % code) + ("" if count == 1 else "*%d" % count) + ":" + ".".join("%X" % c for c in to))
    code = after = code + count

lines, line = [], ""
for token in tokens:
    if len(line) + len(token) + 1 > 150:
        lines.append(line)
        line = ""
    line += (" " if line else "") + token
lines.append(line)
target = pathlib.Path(__file__).resolve().parent.parent / "src/BreakGlass.Core/Rules/FoldingTable.cs"
target.write_text("""namespace BreakGlass.Core.Rules;

/// <summary>Made by hack/folding-table.py from the Unicode character database %s. Do not edit.</summary>
/// <remarks>
/// CODE*COUNT:WHAT.IT.BECOMES, in hexadecimal. Without CODE it is the character after the one before. COUNT, in decimal, stands for as many characters in a
/// row; the last character of what they become is each time the next one.
/// </remarks>
internal static class FoldingTable
{
    public static ReadOnlySpan<byte> Text => \"\"\"
%s
        \"\"\"u8;
}
""" % (unicodedata.unidata_version, "\n".join(" " * 8 + l for l in lines)), encoding="ascii", newline="\n")
sys.stdout.write("%d characters\n" % len(table))
