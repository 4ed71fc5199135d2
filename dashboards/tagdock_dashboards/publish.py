"""Bring dashboards and alert rules into a Grafana without writing over what a person changed there.

Each save carries a fingerprint of the dashboard in its version message. When the newest version's message is not one of
ours, a person saved last, and the dashboard is left alone (decision 0052).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import unified_diff
from typing import Any, Literal, Protocol

Action = Literal["create", "update", "unchanged", "left alone"]

BUILD = "tagdock_build"
"""The annotation of an alert rule that carries the fingerprint of its build."""

MARK = "tagdock-dashboards "
"""Begins the version message of everything that `publish` saves; the fingerprint follows."""

_GRAFANAS_OWN = ("id", "version")
"""Keys of a dashboard that Grafana sets itself."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is (to be) done to one thing in Grafana, and why. `diff` shows Grafana's text against ours."""

    kind: str
    uid: str
    action: Action
    why: str
    diff: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Stored:
    """A dashboard as Grafana has it. `message` and `saved_by` belong to its newest version."""

    board: dict[str, Any]
    version: int
    folder_uid: str
    provisioned: bool
    message: str
    saved_by: str


class Target(Protocol):
    """The calls that publishing needs; see grafana.Grafana."""

    def folder(self, uid: str) -> dict[str, Any] | None:
        """Return a folder or None."""
        ...

    def create_folder(self, uid: str, title: str) -> None:
        """Create a folder."""
        ...

    def dashboard(self, uid: str) -> Stored | None:
        """Return a dashboard or None."""
        ...

    def save_dashboard(self, board: Mapping[str, Any], *, version: int, folder_uid: str, message: str) -> int:
        """Save a dashboard over a version."""
        ...

    def data_source(self, uid: str) -> dict[str, Any] | None:
        """Return a data source or None."""
        ...

    def create_data_source(self, source: Mapping[str, Any]) -> None:
        """Create a data source."""
        ...

    def update_data_source(self, source: Mapping[str, Any]) -> None:
        """Update a data source."""
        ...

    def alert_rule(self, uid: str) -> dict[str, Any] | None:
        """Return an alert rule or None."""
        ...

    def create_alert_rule(self, rule: Mapping[str, Any]) -> None:
        """Create an alert rule that only this API may change."""
        ...

    def update_alert_rule(self, rule: Mapping[str, Any]) -> None:
        """Update an alert rule."""
        ...


@dataclass(frozen=True, slots=True)
class Publisher:
    """Publishes into one Grafana. With `dry_run` nothing is written; with `force` a person's changes are."""

    target: Target
    force: bool = False
    dry_run: bool = False

    def folder(self, uid: str, title: str) -> Step:
        """See to it that the folder is there; one that is there keeps the title it has."""
        if self.target.folder(uid) is not None:
            return Step("folder", uid, "unchanged", "is there")
        if not self.dry_run:
            self.target.create_folder(uid, title)
        return Step("folder", uid, "create", f"as {title!r}")

    def data_source(self, wanted: Mapping[str, Any]) -> Step:
        """See to it that the data source is there with these settings; secrets can be written but not compared."""
        uid = str(wanted["uid"])
        found = self.target.data_source(uid)
        step = _decide_data_source(wanted, found, force=self.force)
        if step.action == "create" and not self.dry_run:
            self.target.create_data_source(wanted)
        if step.action == "update" and not self.dry_run:
            self.target.update_data_source(wanted)
        return step

    def dashboard(self, board: Mapping[str, Any], folder_uid: str) -> Step:
        """See to it that the dashboard is there as built; it stays in the folder where it is."""
        stored = self.target.dashboard(str(board["uid"]))
        step = _decide_dashboard(board, stored, force=self.force)
        if step.action in ("create", "update") and not self.dry_run:
            self.target.save_dashboard(
                board,
                version=stored.version if stored else 0,
                folder_uid=stored.folder_uid if stored else folder_uid,
                message=MARK + fingerprint(board),
            )
        return step

    def alert_rule(self, rule: Mapping[str, Any]) -> Step:
        """See to it that the alert rule is there as built; it stays in the folder where it is."""
        uid = str(rule["uid"])
        wanted = dict(rule) | {"annotations": dict(rule["annotations"]) | {BUILD: fingerprint(rule)}}
        found = self.target.alert_rule(uid)
        step = _decide_rule(wanted, found, force=self.force)
        if step.action == "create" and not self.dry_run:
            self.target.create_alert_rule(wanted)
        if step.action == "update" and not self.dry_run:
            self.target.update_alert_rule(wanted | {"folderUID": (found or {}).get("folderUID") or rule["folderUID"]})
        return step


def fingerprint(board: Mapping[str, Any]) -> str:
    """Return 16 hex digits that change whenever the dashboard does."""
    return hashlib.sha256(_text(board).encode()).hexdigest()[:16]


def _decide_dashboard(board: Mapping[str, Any], stored: Stored | None, *, force: bool) -> Step:
    uid = str(board["uid"])
    if stored is None:
        return Step("dashboard", uid, "create", "is not there yet")
    diff = tuple(_diff(stored.board, board))
    if stored.message == MARK + fingerprint(board) or not diff:
        return Step("dashboard", uid, "unchanged", f"version {stored.version} is this build")
    action, why = _decide_change(stored, force=force)
    return Step("dashboard", uid, action, why, diff)


def _decide_change(stored: Stored, *, force: bool) -> tuple[Action, str]:
    """Decide whether what is there, and differs, may be written over."""
    if stored.provisioned:
        return "left alone", "it is provisioned from a file; change that file instead"
    if stored.message.startswith(MARK):
        return "update", f"version {stored.version} is an older build"
    why = f"version {stored.version} was saved by {stored.saved_by}, not by this program"
    if force:
        return "update", f"{why}; --force writes over it"
    return "left alone", f"{why}; bring the change into the code, or use --force"


def _decide_rule(wanted: Mapping[str, Any], found: Mapping[str, Any] | None, *, force: bool) -> Step:
    """Decide by who may change the rule: what this API saved, Grafana's pages show and do not let anybody edit."""
    uid = str(wanted["uid"])
    if found is None:
        return Step("alert rule", uid, "create", "is not there yet")
    if (found.get("annotations") or {}).get(BUILD) == wanted["annotations"][BUILD]:
        return Step("alert rule", uid, "unchanged", "is this build")
    diff = tuple(_diff({key: found[key] for key in wanted.keys() & found.keys()}, wanted))
    if found.get("provenance") == "file":
        return Step("alert rule", uid, "left alone", "it is provisioned from a file; change that file instead", diff)
    if found.get("provenance") == "api":
        return Step("alert rule", uid, "update", "is an older build", diff)
    action: Action = "update" if force else "left alone"
    return Step("alert rule", uid, action, "a person took it over in Grafana; --force writes over it", diff)


def _decide_data_source(wanted: Mapping[str, Any], found: Mapping[str, Any] | None, *, force: bool) -> Step:
    uid = str(wanted["uid"])
    if found is None:
        return Step("data source", uid, "create", "is not there yet")
    differing = sorted(_differing(wanted, found))
    if found.get("readOnly"):
        action: Action = "left alone" if differing else "unchanged"
        return Step("data source", uid, action, "it is provisioned from a file")
    if force:
        return Step("data source", uid, "update", "--force sends all settings and the password anew")
    if differing:
        return Step("data source", uid, "left alone", f"differs in {', '.join(differing)}; --force writes over it")
    return Step("data source", uid, "unchanged", "has these settings")


def _differing(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    for key, value in wanted.items():
        if key == "jsonData":
            yield from _differing(value, found.get(key) or {})
        elif key != "secureJsonData" and found.get(key) != value:
            yield key


def _diff(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> Iterator[str]:
    return unified_diff(_text(theirs).splitlines(), _text(ours).splitlines(), "in Grafana", "built here", lineterm="")


def _text(board: Mapping[str, Any]) -> str:
    own = {key: value for key, value in board.items() if key not in _GRAFANAS_OWN}
    return json.dumps(own, indent=1, sort_keys=True, ensure_ascii=False)
