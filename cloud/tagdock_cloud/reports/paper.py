"""A report as a PDF of A4 pages: of each figure a table with a bar a row, this period and the one before.

Texts of Latin 1 are set in Helvetica, which every reader has. As soon as one text has other letters (Chinese, or a
site's name), the whole is set in STSong-Light: it is named in the file, not put into it, and a reader shows it in a
Chinese font of its own. What neither knows (Arabic, Devanagari, emoji) shows as a gap; the CSV has every letter.

Source: ISO 32000-1, sections 9.6.2.2 (standard fonts) and 9.7.5.2 (predefined CMaps); Adobe-GB1.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from xml.sax.saxutils import escape

from reportlab.graphics.shapes import Drawing, Rect
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from tagdock_cloud.reports.kpis import KPIS
from tagdock_cloud.reports.words import MEANINGS, TITLES, Tongue

MOST_ROWS = 40
"""Rows of one table; the rest stand in the CSV."""
LONGEST_NAME = 60
_CHINESE_FONT = "STSong-Light"
_DARK, _LIGHT, _LINE, _QUIET = HexColor("#1f4e79"), HexColor("#b8cce0"), HexColor("#d0d0d0"), HexColor("#555555")
_BAR_MM, _WIDTHS_MM = 46.0, (52.0, 48.0, 24.0, 24.0, 24.0, 14.0)
_HEADS = {"site": "Site", "word": "Reason or state", "person": "Person"}

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Letter:
    """What a report is written from: its name, first and last days, and its rows in their order."""

    name: str
    period: str
    time_zone: str
    language: str
    first: date
    last: date
    former_first: date
    former_last: date
    kpis: Sequence[str]
    rows: Sequence[Row]


def write_pdf(letter: Letter) -> bytes:
    """Write a report; the same letter gives the same bytes."""
    tongue = Tongue(letter.language)
    look = _Look(_font(letter))
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=A4, title=letter.name, author="Tagdock", lang=letter.language, invariant=1,
        leftMargin=12 * mm, rightMargin=12 * mm, topMargin=14 * mm, bottomMargin=16 * mm,
    )  # fmt: skip

    def foot(canvas: Any, page: Any) -> None:
        canvas.setFont(look.font, 8)
        canvas.setFillColor(_QUIET)
        canvas.drawRightString(A4[0] - 12 * mm, 9 * mm, tongue.say("page {number}", number=page.page))

    document.build([*_head(letter, tongue, look), *_figures(letter, tongue, look)], onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


class _Look:
    """The styles of one report."""

    def __init__(self, font: str) -> None:
        self.font = font
        bold = "Helvetica-Bold" if font == "Helvetica" else font
        wrap = None if font == "Helvetica" else "CJK"
        self.title = ParagraphStyle("title", fontName=bold, fontSize=18, leading=23, wordWrap=wrap)
        self.head = ParagraphStyle("head", fontName=bold, fontSize=13, leading=17, spaceBefore=12, wordWrap=wrap,
                                   keepWithNext=1)  # fmt: skip
        self.text = ParagraphStyle("text", fontName=font, fontSize=9, leading=12.5, wordWrap=wrap)
        self.quiet = ParagraphStyle("quiet", parent=self.text, textColor=_QUIET, spaceAfter=3, keepWithNext=1)
        self.cell = ParagraphStyle("cell", fontName=font, fontSize=8.5, leading=10.5, wordWrap=wrap)
        self.sum = ParagraphStyle("sum", fontName=bold, fontSize=11, leading=15, wordWrap=wrap, keepWithNext=1)


def _font(letter: Letter) -> str:
    texts = [letter.name, *(str(row[key] or "") for row in letter.rows for key in ("site", "person", "word"))]
    if letter.language == "en" and all(_is_latin(text) for text in texts):
        return "Helvetica"
    if _CHINESE_FONT not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont(_CHINESE_FONT))
    return _CHINESE_FONT


def _is_latin(text: str) -> bool:
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def _head(letter: Letter, tongue: Tongue, look: _Look) -> list[Flowable]:
    span = f"{letter.first} – {letter.last} ({tongue.say(letter.period)}, {letter.time_zone})"
    before = f"{tongue.say('Compared with')}: {letter.former_first} – {letter.former_last}"
    lines = [_paragraph(letter.name, look.title), _paragraph(span, look.text), _paragraph(before, look.text)]
    if any(row["level"] == "person" for row in letter.rows):
        warning = "Figures of persons are personal data: mind what your agreements say of them."
        lines.append(_paragraph(tongue.say(warning), look.text))
    return [*lines, _paragraph(tongue.say("Dark: this period. Light: the one before."), look.quiet)]


def _figures(letter: Letter, tongue: Tongue, look: _Look) -> Iterable[Flowable]:
    for kpi in letter.kpis:
        rows = [row for row in letter.rows if row["kpi"] == kpi]
        yield _paragraph(tongue.say(TITLES[kpi]), look.head)
        yield _paragraph(tongue.say(MEANINGS[kpi]), look.quiet)
        for row in rows:
            if row["level"] == "all":
                yield _paragraph(f"{tongue.say('All')}: {sentence(row, tongue)}", look.sum)
        for level, head in _HEADS.items():
            own = [row for row in rows if row["level"] == level]
            if own:
                yield _table(kpi, own[:MOST_ROWS], tongue.say(head), tongue, look)
                if len(own) > MOST_ROWS:
                    more = tongue.say("{number} more stand in the CSV file.", number=len(own) - MOST_ROWS)
                    yield _paragraph(more, look.quiet)
                yield Spacer(1, 5)


def sentence(row: Row, tongue: Tongue) -> str:
    """Say one figure with the one before it and what it is told from."""
    said = tongue.figure(row["unit"], row["value"])
    before = f"{tongue.say('Before')} {tongue.figure(row['unit'], row['former_value'])}"
    change = tongue.change(row["unit"], row["value"], row["former_value"])
    of = f"{row['part']} / {row['whole']}" if row["part"] is not None else str(row["whole"])
    ninth = row["nine_of_ten"]
    most = "" if ninth is None else f"{tongue.say('Nine of ten within')} {tongue.span(ninth)}"
    return f"{said} ({', '.join(part for part in (before, change, most, of) if part)})"


def _table(kpi: str, rows: Sequence[Row], head: str, tongue: Tongue, look: _Look) -> Table:
    unit = KPIS[kpi].unit
    longest = 1.0 if unit == "share" else max([row[key] or 0.0 for row in rows for key in ("value", "former_value")])
    heads = [head, "", *(tongue.say(name) for name in ("Figure", "Before", "Change", "From"))]
    lines: list[list[Any]] = [[_paragraph(text, look.cell) for text in heads]]
    for row in rows:
        figures = [tongue.figure(unit, row["value"]), tongue.figure(unit, row["former_value"])]
        cells = [*figures, tongue.change(unit, row["value"], row["former_value"]), str(row["whole"])]
        texts = [_paragraph(text, look.cell) for text in cells]
        lines.append([_paragraph(_name(row), look.cell), _bars(row, longest), *texts])
    style = TableStyle(
        [("VALIGN", (0, 0), (-1, -1), "MIDDLE"), ("LINEBELOW", (0, 0), (-1, -1), 0.3, _LINE),
         ("TOPPADDING", (0, 0), (-1, -1), 1.5), ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
         ("LEFTPADDING", (0, 0), (-1, -1), 2), ("RIGHTPADDING", (0, 0), (-1, -1), 2)]
    )  # fmt: skip
    return Table(lines, colWidths=[width * mm for width in _WIDTHS_MM], repeatRows=1, style=style, hAlign="LEFT")


def _name(row: Row) -> str:
    text = str(row[row["level"]])
    if row["level"] == "word":
        text = text.replace("_", " ")
    if row["level"] == "person":
        text = f"{text.partition(':')[2]} ({row['site']})"
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"


def _bars(row: Row, longest: float) -> Drawing:
    drawing = Drawing(_BAR_MM * mm, 9)
    for key, colour, bottom, height in (("value", _DARK, 4, 4.5), ("former_value", _LIGHT, 0.5, 2.5)):
        share = min((row[key] or 0.0) / longest, 1.0) if longest else 0.0
        if share > 0:
            drawing.add(
                Rect(0, bottom, share * _BAR_MM * mm, height, fillColor=colour, strokeWidth=0, strokeColor=None)
            )
    return drawing


def _paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(text), style)
