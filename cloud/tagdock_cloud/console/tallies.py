"""What somebody scanned while counting: one scan a line, and after it how many where it is more than one. Pure."""

import re

_MOST_DIGITS = 6
"""The longest number that says how many: the shortest barcode of goods (GTIN-8) has eight digits."""
_NUMBER = re.compile(rf"[0-9]{{1,{_MOST_DIGITS}}}")


def tally(text: str) -> list[tuple[str, int]]:
    """Return each scan with its units, in the order in which it was first made; the same scanned again adds up.

    Raises ValueError for a number that follows no scan.
    """
    units: dict[str, int] = {}
    last: str | None = None
    for line in (line.strip() for line in text.splitlines()):
        if not line:
            continue
        if _NUMBER.fullmatch(line):
            if last is None:
                raise ValueError(f"{line}: scan first what there are {line} of")
            units[last] += int(line) - 1
            last = None
        else:
            units[line] = units.get(line, 0) + 1
            last = line
    return list(units.items())
