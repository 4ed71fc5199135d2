"""What those who are named hear of a report: a mail with its files, or the figures as JSON. Pure but for the PDF."""

import base64
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from pydantic_core import to_json

from tagdock_cloud.reports.paper import Letter, sentence, write_pdf
from tagdock_cloud.reports.rules import sheet
from tagdock_cloud.reports.words import TITLES, Tongue
from tagdock_cloud.web.export import csv_lines
from tagdock_cloud.webhooks.targets import kind_of

MOST_BYTES = 900_000
"""Of one message: the queue takes a mebibyte. What is larger is told without files or rows, and where it lies."""
MEDIA_TYPES = {"csv": "text/csv", "pdf": "application/pdf"}

Result = Mapping[str, Any]


def letter_of(result: Result, rows: Sequence[Mapping[str, Any]]) -> Letter:
    """Return what a PDF of a result is written from."""
    asked = result["asked"]
    days = [date.fromisoformat(asked[name]) for name in ("first_day", "next_day", "former_day")]
    first, after, former = days
    day = timedelta(days=1)
    names = ("name", "period", "time_zone", "language")
    told = {name: asked[name] for name in names}
    return Letter(**told, first=first, last=after - day, former_first=former, former_last=first - day,
                  kpis=asked["kpis"], rows=rows)  # fmt: skip


def content_of(form: str, result: Result, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return a result as a file: `csv` or `pdf`."""
    if form == "pdf":
        return write_pdf(letter_of(result, rows))
    asked = result["asked"]
    columns, lines = sheet(asked, result["since"].isoformat(), result["until"].isoformat(), [dict(row) for row in rows])
    return csv_lines([tuple(columns), *(tuple(line[column] for column in columns) for line in lines)])


def file_name(result: Result, form: str) -> str:
    """Return the name of a file: the period's first day, and nothing that somebody wrote."""
    return f"tagdock-{result['asked']['period']}-{result['asked']['first_day']}.{form}"


def message(url: str, result: Result, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what one who is named is told; never more than the queue takes."""
    asked = result["asked"]
    tongue = Tongue(asked["language"])
    place = f"/api/v1/reports/{result['report_id']}/results/{result['result_id']}"
    last = date.fromisoformat(asked["next_day"]) - timedelta(days=1)
    head = {"message": f"{asked['name']}: {asked['first_day']} – {last}", "path": place}
    if kind_of(url) != "mail":
        names = ("report_id", "result_id", "since", "until")
        told = {**head, **{name: result[name] for name in names}, "report": asked["name"], "rows": list(rows)}
        return told if len(to_json(told)) <= MOST_BYTES else {**told, "rows": None}
    sums = [f"{tongue.say(TITLES[row['kpi']])}: {sentence(row, tongue)}" for row in rows if row["level"] == "all"]
    more = f"{tongue.say('Also as JSON, CSV and PDF:')} {place}"
    text = "\n".join([head["message"], asked["time_zone"], "", *sums, "", more])
    files = [
        {"name": file_name(result, form), "media_type": MEDIA_TYPES[form],
         "content": base64.b64encode(content_of(form, result, rows)).decode()}
        for form in asked["formats"]
    ]  # fmt: skip
    told = {**head, "text": text, "files": files}
    if len(to_json(told)) <= MOST_BYTES:
        return told
    return {**head, "text": f"{text}\n{tongue.say('The files are too large for a mail.')}", "files": []}
