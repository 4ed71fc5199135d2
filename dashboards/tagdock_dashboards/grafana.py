"""The only module that knows grafana-client: Grafana's HTTP API as the few calls that publishing needs.

Source: Grafana HTTP API (dashboard, dashboard versions, folder, data source, alerting). grafana-client leaves
transport errors as its HTTP library raises them; they are all `OSError`s, and everything is translated here.
"""

from collections.abc import Callable, Mapping
from typing import Any, Self
from urllib.parse import urlsplit

from grafana_client.api import GrafanaApi
from grafana_client.client import GrafanaException, GrafanaTimeoutError

from tagdock_dashboards.deadline import within
from tagdock_dashboards.errors import ConfigurationError, GrafanaError
from tagdock_dashboards.publish import Stored

Json = dict[str, Any]

_REMEDIES = {
    401: "the token is wrong, expired or of another Grafana; make one under Administration > Service accounts",
    403: "the token's service account may not do this; give it the role Editor (Admin for data sources, alerts)",
    404: "it is not there; check that --grafana names the address that the browser shows, with its path",
    409: "something with this name or uid is already there; rename or delete that in Grafana",
    412: "someone saved it at this very moment, or another dashboard in the folder has its title; look and run again",
}


class Grafana:
    """One Grafana, with a deadline on every call."""

    def __init__(self, url: str, token: str, *, timeout_s: float) -> None:
        """Raises ConfigurationError on an address or token that cannot be meant."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
            raise ConfigurationError(f"{url!r} is no Grafana address; write for example https://grafana.example.org/")
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise ConfigurationError("the token is empty or holds characters that no token has; check its file")
        self._timeout_s = timeout_s
        address = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}/"  # the library joins path and `api` itself
        self._api = GrafanaApi.from_url(address, credential=token, timeout=timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._api.client.s.close()

    def ping(self) -> str:
        """Return Grafana's version, or raise GrafanaError where no Grafana answers."""
        return str(self._call("health", self._api.health.check).get("version", "unknown"))

    def folder(self, uid: str) -> Json | None:
        """Return a folder, or None where there is none."""
        return self._maybe(f"folder {uid}", lambda: self._api.folder.get_folder(uid))

    def create_folder(self, uid: str, title: str) -> None:
        """Create a folder."""
        self._call(f"create folder {title!r}", lambda: self._api.folder.create_folder(title, uid=uid))

    def dashboard(self, uid: str) -> Stored | None:
        """Return a dashboard with the message of its newest version, or None where there is none."""
        what = f"dashboard {uid}"
        found = self._maybe(what, lambda: self._api.dashboard.get_dashboard(uid))
        if found is None:
            return None
        newest = self._newest_version(uid)
        board, meta = _object(found.get("dashboard"), what), _object(found.get("meta"), what)
        return Stored(
            board=board,
            version=int(board.get("version") or 0),
            folder_uid=str(meta.get("folderUid") or ""),
            provisioned=bool(meta.get("provisioned")),
            message=str(newest.get("message") or ""),
            saved_by=str(newest.get("createdBy") or "someone"),
        )

    def save_dashboard(self, board: Mapping[str, Any], *, version: int, folder_uid: str, message: str) -> int:
        """Save over the given version (0: as a new dashboard), and return the version that came of it.

        Grafana answers 412 when another version was saved in between, so nobody's work is written over.
        """
        body = {
            "dashboard": {**board, "id": None, "version": version},
            "folderUid": folder_uid,
            "message": message,
            "overwrite": False,
        }
        saved = self._call(f"save dashboard {board['uid']}", lambda: self._api.dashboard.update_dashboard(body))
        return int(saved.get("version") or version + 1)

    def data_source(self, uid: str) -> Json | None:
        """Return a data source without its secrets, or None where there is none."""
        return self._maybe(f"data source {uid}", lambda: self._api.datasource.get_datasource_by_uid(uid))

    def create_data_source(self, source: Mapping[str, Any]) -> None:
        """Create a data source."""
        self._call(f"create data source {source['uid']}", lambda: self._api.datasource.create_datasource(dict(source)))

    def update_data_source(self, source: Mapping[str, Any]) -> None:
        """Replace a data source's settings."""
        uid = source["uid"]
        self._call(
            f"update data source {uid}", lambda: self._api.datasource.update_datasource_by_uid(uid, dict(source))
        )

    def alert_rule(self, uid: str) -> Json | None:
        """Return an alert rule, or None where there is none."""
        return self._maybe(f"alert rule {uid}", lambda: self._api.alertingprovisioning.get_alertrule(uid))

    def create_alert_rule(self, rule: Mapping[str, Any]) -> None:
        """Create an alert rule. Its provenance becomes `api`: Grafana's pages show it and let nobody edit it."""
        create = self._api.alertingprovisioning.create_alertrule
        self._call(f"create alert rule {rule['uid']}", lambda: create(dict(rule)))

    def update_alert_rule(self, rule: Mapping[str, Any]) -> None:
        """Replace an alert rule."""
        update = self._api.alertingprovisioning.update_alertrule
        self._call(f"update alert rule {rule['uid']}", lambda: update(rule["uid"], dict(rule)))

    def has_contact_point(self, name: str) -> bool:
        """Tell whether there is a contact point of this name."""
        what = f"contact point {name!r}"
        points = self._answer(what, lambda: self._api.alertingprovisioning.get_contactpoints(name))
        if not isinstance(points, list):
            raise _strange(what)
        return any(isinstance(point, dict) and point.get("name") == name for point in points)

    def _newest_version(self, uid: str) -> Json:
        """Return the newest entry of the version history: a list before Grafana 11, an object with one since."""
        what = f"versions of dashboard {uid}"
        answer = self._answer(what, lambda: self._api.dashboard_versions.get_dashboard_versions_by_uid(uid))
        versions = answer.get("versions") if isinstance(answer, dict) else answer
        if not isinstance(versions, list):
            raise _strange(what)
        return max((_object(one, what) for one in versions), key=lambda one: int(one.get("version") or 0), default={})

    def _maybe(self, what: str, call: Callable[[], Any]) -> Json | None:
        try:
            return self._call(what, call)
        except _NotFoundError:
            return None

    def _call(self, what: str, call: Callable[[], Any]) -> Json:
        return _object(self._answer(what, call), what)

    def _answer(self, what: str, call: Callable[[], Any]) -> Any:
        try:
            return within(self._timeout_s, call)
        except (GrafanaTimeoutError, TimeoutError) as error:
            raise GrafanaError(f"{what}: no whole answer within {self._timeout_s:g} s; see --timeout") from error
        except GrafanaException as error:
            raise _refusal(what, error) from error
        except (ValueError, AttributeError) as error:  # before OSError: the HTTP library's JSON errors are both
            raise _strange(what) from error
        except OSError as error:
            raise GrafanaError(f"{what}: cannot reach Grafana: {_short(error)}; check --grafana") from error


class _NotFoundError(GrafanaError):
    """404."""


def _refusal(what: str, error: GrafanaException) -> GrafanaError:
    status = int(error.status_code or 0)
    said = error.response.get("message", "") if isinstance(error.response, dict) else ""
    remedy = _REMEDIES.get(status, "look into Grafana's log and run again" if status >= 500 else "see the message")
    kind = _NotFoundError if status == 404 else GrafanaError
    return kind(f"{what}: Grafana answered {status}{f' ({_short(said)})' if said else ''}: {remedy}")


def _strange(what: str) -> GrafanaError:
    return GrafanaError(f"{what}: the answer is not Grafana's; check that --grafana names a Grafana and no login page")


def _object(answer: object, what: str) -> Json:
    if not isinstance(answer, dict):
        raise _strange(what)
    return answer


def _short(text: object) -> str:
    line = " ".join(str(text).split())
    return line if len(line) <= 200 else line[:197] + "..."
