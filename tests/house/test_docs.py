"""The documents tell the truth: links lead somewhere, commands exist, dependencies are the real ones."""

import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("contract", "edge", "cloud", "slotting", "dashboards", "simulators")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PROGRAMS = ("tagdock-edge", "tagdock-cloud", "tagdock-slotting", "tagdock-dashboards", "tagdock-sim")
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)[^)]*\)")
FENCE = re.compile(r"^```(?:sh|console|bash)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file(page: Path) -> None:
    missing = [target for target in LINK.findall(page.read_text()) if not (page.parent / target).exists()]
    assert missing == []


def told_commands() -> list[tuple[str, list[str]]]:
    """Every command of our own programs that a page tells its reader to type, once."""
    found: dict[str, list[str]] = {}
    for page in PAGES:
        for block in FENCE.findall(page.read_text()):
            for line in block.replace("\\\n", " ").splitlines():
                words = shlex.split(line.removeprefix("$ "), comments=True)
                while words and "=" in words[0]:
                    words = words[1:]
                if words and Path(words[0]).name in PROGRAMS:
                    found.setdefault(" ".join(words), words)
    return sorted(found.items())


@pytest.mark.parametrize(("line", "words"), told_commands(), ids=[line[:60] for line, _ in told_commands()])
def test_every_command_in_the_documents_exists_with_its_flags(line: str, words: list[str]) -> None:
    program, arguments = Path(words[0]).name, words[1:]
    path = [word for word in arguments[:2] if re.fullmatch(r"[a-z][a-z-]*", word)]
    while True:  # `epc decode` is two words deep, `run` is one; what follows may be an argument
        shown = subprocess.run(
            [ROOT / ".venv/bin" / program, *path, "--help"], capture_output=True, text=True, timeout=60, check=False
        )
        if shown.returncode == 0 or not path:
            break
        path.pop()
    assert shown.returncode == 0, f"{line}: {shown.stderr}"
    flags = {word.split("=")[0] for word in arguments if word.startswith("--")}
    assert [flag for flag in flags if not re.search(rf"{flag}\b", shown.stdout)] == []


def test_the_table_of_dependencies_names_each_one_and_no_other() -> None:
    declared = set()
    for part in PARTS:
        project = tomllib.loads((ROOT / part / "pyproject.toml").read_text())["project"]
        extras = [name for names in project.get("optional-dependencies", {}).values() for name in names]
        declared |= {re.split(r"[\[<>=! ]", name)[0].lower() for name in [*project["dependencies"], *extras]}
    declared = {name for name in declared if not name.startswith("tagdock-")}
    table = (ROOT / "docs/dependencies.md").read_text()
    told = set(re.findall(r"^\| `([a-z0-9-]+)`", table, re.MULTILINE))
    assert told == declared


def test_every_decision_is_short_and_has_the_four_sections() -> None:
    for page in sorted((ROOT / "docs/decisions").glob("*.md")):
        text = page.read_text()
        assert re.match(r"\d{4}-[a-z0-9-]+\.md", page.name), page.name
        missing = [section for section in ("Context", "Options", "Decision", "Consequences") if section not in text]
        assert missing == [], page.name
        assert len(text.split()) <= 700, f"{page.name}: a page at most"


def test_nothing_committed_speaks_of_a_place_outside_the_project() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
    names = [name for name in listed.stdout.split() if not name.endswith((".png", "uv.lock", ".gz", "test_docs.py"))]
    readable = [ROOT / name for name in names if (ROOT / name).is_file()]
    hosts = r"pypi\.org|pythonhosted\.org|registry\.npmjs|deb\.debian\.org"
    outside = re.compile(rf"(?<![\w.])/(?:work|root|opt/pypi)/|{hosts}")
    assert [str(path.relative_to(ROOT)) for path in readable if outside.search(path.read_text(errors="ignore"))] == []
