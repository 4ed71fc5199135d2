"""What the doctor found: one line a check, with the remedy where something is wrong."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warning", "bad", "skipped"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's outcome. `bad` keeps the gateway from doing its work, a `warning` may."""

    subject: str
    """What was looked at: configuration, disk, clock, broker, a reader's name."""
    verdict: Verdict
    detail: str
    remedy: str = ""


def shown(finding: Finding) -> str:
    """Write a finding for a terminal."""
    mark = {"ok": "ok  ", "warning": "WARN", "bad": "BAD ", "skipped": "-   "}[finding.verdict]
    line = f"{mark} {finding.subject}: {finding.detail}"
    return f"{line}\n       -> {finding.remedy}" if finding.remedy else line
