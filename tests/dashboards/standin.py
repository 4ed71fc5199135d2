"""A stand-in for Grafana's HTTP API, answering as its documentation says (dashboard, versions, folder, data source).

It keeps what it is given, so that publishing twice, after a person, or in a race can be played through.
"""

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "glsa_trial_0123456789"


class AnswerError(Exception):
    """Ends a request with a status and a JSON body."""

    def __init__(self, status: int, body: Any) -> None:
        self.status, self.body = status, body


@dataclass
class StandIn:
    """Grafana's state, and the trouble it shall make: (method and path as a pattern) -> what happens."""

    folders: dict[str, dict[str, Any]] = field(default_factory=dict)
    boards: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)
    rules: dict[str, dict[str, Any]] = field(default_factory=dict)
    contact_points: list[str] = field(default_factory=list)
    provisioned: set[str] = field(default_factory=set)
    trouble: dict[str, int | str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    versions_as_list: bool = False
    before_save: Callable[[], None] = lambda: None

    def save_as_person(self, uid: str, **changes: Any) -> None:
        """Save a new version as someone does who clicks in Grafana."""
        newest = self.boards[uid][-1]
        self._add_version(uid, newest["data"] | changes, newest["folderUid"], "made it nicer", "ann")

    def handle(self, method: str, path: str, body: Any) -> Any:
        self.asked.append(f"{method} {path}")
        for pattern, route in ROUTES:
            match = re.fullmatch(pattern, f"{method} {path}")
            if match:
                return route(self, body, *match.groups())
        raise AnswerError(404, {"message": "Not found"})

    def settings(self, body: Any) -> Any:
        return {"buildInfo": {"version": "12.3.0", "commit": "trial"}}

    def get_folder(self, body: Any, uid: str) -> Any:
        return self.folders.get(uid) or _raise(404, "folder not found")

    def add_folder(self, body: Any) -> Any:
        if body["uid"] in self.folders:
            _raise(409, "a folder with the same uid already exists")
        return self.folders.setdefault(body["uid"], body | {"id": 1, "version": 1})

    def get_board(self, body: Any, uid: str) -> Any:
        versions = self.boards.get(uid) or _raise(404, "Dashboard not found")
        meta = {"folderUid": versions[-1]["folderUid"], "provisioned": uid in self.provisioned}
        return {"dashboard": versions[-1]["data"], "meta": meta}

    def get_versions(self, body: Any, uid: str) -> Any:
        keep = ("version", "message", "createdBy")
        entries = [
            {key: one[key] for key in keep} for one in reversed(self.boards.get(uid) or _raise(404, "No dashboard"))
        ]
        return entries if self.versions_as_list else {"continueToken": "", "versions": entries}

    def save_board(self, body: Any) -> Any:
        self.before_save()
        board = body["dashboard"]
        uid = board["uid"]
        if uid in self.provisioned:
            _raise(400, "Cannot save provisioned dashboard")
        if uid in self.boards and not body["overwrite"] and board["version"] != len(self.boards[uid]):
            raise AnswerError(
                412, {"message": "The dashboard has been changed by someone else", "status": "version-mismatch"}
            )
        if body["folderUid"] and body["folderUid"] not in self.folders:
            _raise(400, "folder not found")
        version = self._add_version(uid, board, body["folderUid"], body["message"], "sa-tagdock")
        return {"id": 7, "uid": uid, "url": f"/d/{uid}/x", "status": "success", "version": version, "slug": "x"}

    def get_source(self, body: Any, uid: str) -> Any:
        return self.sources.get(uid) or _raise(404, "Data source not found")

    def add_source(self, body: Any) -> Any:
        shown = {key: value for key, value in body.items() if key != "secureJsonData"}
        self.sources[body["uid"]] = shown | {"id": 3, "readOnly": False, "secureJsonFields": {"password": True}}
        return {"id": 3, "message": "Datasource added", "name": body["name"], "datasource": shown}

    def put_source(self, body: Any, uid: str) -> Any:
        return self.add_source(body)

    def get_rule(self, body: Any, uid: str) -> Any:
        return self.rules.get(uid) or _raise(404, "alert rule not found")

    def add_rule(self, body: Any) -> Any:
        if body["uid"] in self.rules:
            _raise(409, "rule already exists")
        return self._keep_rule(body)

    def put_rule(self, body: Any, uid: str) -> Any:
        return self._keep_rule(body) if uid in self.rules else _raise(404, "alert rule not found")

    def get_contact_points(self, body: Any, name: str) -> Any:
        return [{"uid": "c1", "name": one, "type": "email"} for one in self.contact_points if one == name]

    def _keep_rule(self, body: Any) -> Any:
        """Keep a rule as Grafana does: it adds defaults to the queries' models, and says who may change it."""
        data = [one | {"model": one["model"] | {"intervalMs": 1000, "maxDataPoints": 43200}} for one in body["data"]]
        self.rules[body["uid"]] = body | {"data": data, "provenance": "api", "id": 9, "updated": "2026-01-05T08:00:00Z"}
        return self.rules[body["uid"]]

    def _add_version(self, uid: str, board: dict[str, Any], folder_uid: str, message: str, by: str) -> int:
        versions = self.boards.setdefault(uid, [])
        number = len(versions) + 1
        data = board | {"id": 7, "version": number}
        versions.append({"version": number, "data": data, "folderUid": folder_uid, "message": message, "createdBy": by})
        return number


ROUTES: list[tuple[str, Callable[..., Any]]] = [
    ("GET /api/frontend/settings", StandIn.settings),
    (r"GET /api/folders/([\w-]+)", StandIn.get_folder),
    ("POST /api/folders", StandIn.add_folder),
    (r"GET /api/dashboards/uid/([\w-]+)", StandIn.get_board),
    (r"GET /api/dashboards/uid/([\w-]+)/versions", StandIn.get_versions),
    ("POST /api/dashboards/db", StandIn.save_board),
    (r"GET /api/datasources/uid/([\w-]+)", StandIn.get_source),
    ("POST /api/datasources", StandIn.add_source),
    (r"GET /api/v1/provisioning/alert-rules/([\w-]+)", StandIn.get_rule),
    ("POST /api/v1/provisioning/alert-rules", StandIn.add_rule),
    (r"PUT /api/v1/provisioning/alert-rules/([\w-]+)", StandIn.put_rule),
    (r"GET /api/v1/provisioning/contact-points\?name=([\w-]+)", StandIn.get_contact_points),
    (r"PUT /api/datasources/uid/([\w-]+)", StandIn.put_source),
]


def _raise(status: int, message: str) -> Any:
    raise AnswerError(status, {"message": message})


class _Handler(BaseHTTPRequestHandler):
    """Speaks HTTP for the stand-in that its server carries."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's word
        """Keep quiet."""

    def _serve(self) -> None:
        standin: StandIn = self.server.standin  # type: ignore[attr-defined]
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        line = f"{self.command} {self.path}"
        trouble = next((what for pattern, what in standin.trouble.items() if re.search(pattern, line)), None)
        try:
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                _raise(401, "Invalid API key")
            if isinstance(trouble, int):
                _raise(trouble, f"made to answer {trouble}")
            if trouble == "login page":
                raise AnswerError(200, None)
            answer = standin.handle(
                self.command, self.path, json.loads(body) if self.command != "GET" and body else None
            )
            self._send(200, answer, trouble)
        except AnswerError as answer:
            self._send(answer.status, answer.body, trouble)
        except OSError:
            self.close_connection = True  # the client gave up waiting, as some tests want it to

    def _send(self, status: int, body: Any, trouble: int | str | None) -> None:
        text = b"<html>Log in</html>" if trouble == "login page" else json.dumps(body).encode()
        if trouble == "slow":
            time.sleep(3)
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if trouble == "login page" else "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if trouble == "cut":
            self.wfile.write(text[: len(text) // 2])
            self.close_connection = True
        elif trouble == "drip":
            self._drip(text)
        else:
            self.wfile.write(text)

    def _drip(self, text: bytes) -> None:
        """Send a byte now and then: each resets a timeout that only watches for silence."""
        self.close_connection = True
        for byte in text[:40]:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(0.1)


def serve(standin: StandIn) -> tuple[ThreadingHTTPServer, str]:
    """Start serving on a free port of loopback; the caller calls `shutdown` and `server_close`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.standin = standin  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_address[1]}"
