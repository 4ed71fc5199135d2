"""The cloud's HTTP interface as a demo needs it: every call has a deadline and outlives a restart of the cloud."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import httpx

from tagdock_simulators.demo.errors import DemoError

_CALL_TIMEOUT_S = 15.0
_TRY_FOR_S = 60.0
_BACK_OFF_S = (0.1, 2.0)
_PAGE = 1_000
_ITEMS_A_CALL = 5_000  # half of what the interface takes


class CloudClient:
    """Talk to one cloud service about one site."""

    def __init__(self, address: str, token: str, site: str) -> None:
        self._site = site
        self._http = httpx.AsyncClient(
            base_url=address.rstrip("/") + "/api/v1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=_CALL_TIMEOUT_S,
            trust_env=False,  # a proxy has no business on this box
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def gtins(self) -> dict[str, str]:
        """Return the GTIN-14 of every SKU that has one."""
        return {item["sku"]: item["gtin"] async for item in self._pages("/skus", {}) if item.get("gtin")}

    async def put_skus(self, items: Sequence[Mapping[str, Any]]) -> None:
        """Make SKUs known, or change them."""
        await self._put_items("/skus", items)

    async def put_layout(self, layout: Mapping[str, Any]) -> None:
        """Import the site's layout."""
        await self._call("PUT", f"/sites/{self._site}/layout", json=layout)

    async def put_cartons(self, items: Sequence[Mapping[str, Any]]) -> None:
        """Register tagged cartons and where they stand."""
        await self._put_items("/items", [{**item, "site": self._site} for item in items])

    async def put_papers(self, path: str, items: Sequence[Mapping[str, Any]]) -> None:
        """Enter orders, or advance notices."""
        if items:
            await self._call("PUT", path, json={"items": list(items)})

    async def open_session(self, door: str, kind: str, order: str, opened_at: datetime) -> str:
        """Open a door session and return its id; asked twice, it is opened once."""
        body = {"site": self._site, "door": door, "kind": kind, "order": order, "opened_at": opened_at.isoformat()}
        answer = await self._call("POST", "/sessions", json=body, headers={"Idempotency-Key": f"{order}-open"})
        return str(answer.json()["session_id"])

    async def close_session(self, session_id: str, until_at: datetime | None) -> None:
        """Close a door session; what passed until then counts, None: until now."""
        body = {} if until_at is None else {"until_at": until_at.isoformat()}
        await self._call("POST", f"/sessions/{session_id}/close", json=body)

    async def sessions(self, since: datetime) -> list[dict[str, Any]]:
        """Return the door sessions that began since a time."""
        return await self.all("/sessions", site=self._site, since=since.isoformat())

    async def put_zone(self, zone: str, limits: Mapping[str, Any]) -> None:
        """Say what a zone is for and what its goods bear."""
        await self._call("PUT", f"/sites/{self._site}/zones/{zone}", json=dict(limits), headers={"If-Match": "*"})

    async def put_floor_rule(self, rule: Mapping[str, Any]) -> None:
        """Say what the site's floor is asked to do by itself."""
        await self._call("PUT", f"/sites/{self._site}/floor-rule", json=dict(rule), headers={"If-Match": "*"})

    async def add_rules(self, rules: Sequence[Mapping[str, Any]]) -> None:
        """Add rules of alerts, but for those of a name that there is one of already."""
        known = {each["name"] for each in await self.all("/alert-rules")}
        for rule in rules:
            if rule["name"] not in known:
                await self._call("POST", "/alert-rules", json={**rule, "site": self._site})

    async def told(self, path: str) -> dict[str, Any]:
        """Return what the interface tells of one thing."""
        found: dict[str, Any] = (await self._call("GET", path)).json()
        return found

    async def tell(self, path: str, **body: Any) -> dict[str, Any]:
        """Have something done, once, however often the request has to be sent; return what it is then."""
        answer = await self._call("POST", path, json=body, headers={"Idempotency-Key": str(uuid4())})
        found: dict[str, Any] = answer.json()
        return found

    async def come_on_duty(self) -> None:
        """Say that whoever this token belongs to is there to be given work."""
        await self._call("PUT", "/on-duty/me", json={"site": self._site})

    async def revoke(self, token: str) -> None:
        """Take a token out of force, by its name."""
        await self._call("DELETE", f"/tokens/{token}")

    def movements(self, since: datetime, until: datetime | None = None) -> AsyncIterator[dict[str, Any]]:
        """Iterate over the stored movements that were observed since a time, and before `until` if given."""
        end = {"until": until.isoformat()} if until else {}
        return self._pages("/movements", {"site": self._site, "since": since.isoformat(), **end})

    async def all(self, path: str, **asked: str) -> list[dict[str, Any]]:
        """Return every row of a list, page by page."""
        return [row async for row in self._pages(path, asked)]

    async def ask_plan(self, **asked: Any) -> str:
        """Ask for a layout plan; return its id."""
        answer = await self._call("POST", "/plans", json={"site": self._site, **asked})
        return answer.headers["Location"].rstrip("/").rpartition("/")[2]

    async def plan(self, plan_id: str) -> dict[str, Any]:
        """Return a plan as it is now."""
        found: dict[str, Any] = (await self._call("GET", f"/plans/{plan_id}")).json()
        return found

    async def approve(self, plan_id: str) -> None:
        """Approve a plan: its moves become the site's list."""
        await self._call("POST", f"/plans/{plan_id}/approve", json={})

    async def moves(self, plan_id: str) -> list[dict[str, Any]]:
        """Return a plan's moves in their order, each with what became of it."""
        return await self.all(f"/plans/{plan_id}/moves")

    async def _put_items(self, path: str, items: Sequence[Mapping[str, Any]]) -> None:
        for start in range(0, len(items), _ITEMS_A_CALL):
            await self._call("PUT", path, json={"items": list(items[start : start + _ITEMS_A_CALL])})

    async def _pages(self, path: str, asked: Mapping[str, str]) -> AsyncIterator[dict[str, Any]]:
        answer = await self._call("GET", path, params={**asked, "limit": str(_PAGE)})
        while True:
            for item in answer.json()["items"]:
                yield item
            following = answer.links.get("next")
            if following is None:
                return
            answer = await self._call("GET", str(answer.url.join(following["url"])))

    async def _call(self, method: str, path: str, **parts: Any) -> httpx.Response:
        """Send a request until it is answered; every request here may be sent twice.

        Raises DemoError when the service refuses it, or stays away.
        """
        deadline = asyncio.get_running_loop().time() + _TRY_FOR_S
        wait_s, longest_s = _BACK_OFF_S
        while True:
            try:
                answer = await self._http.request(method, path, **parts)
                if answer.is_success:
                    return answer
                if answer.status_code < 500 and answer.status_code != 429:
                    raise DemoError(f"the cloud refused {method} {path}: {_problem(answer)}")
                trouble = _problem(answer)
            except httpx.TransportError as error:
                trouble = str(error) or type(error).__name__
            if asyncio.get_running_loop().time() > deadline:
                raise DemoError(f"the cloud has not answered {method} {path} for {_TRY_FOR_S:.0f} s: {trouble}")
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))  # noqa: S311
            wait_s = min(longest_s, wait_s * 2)


def _problem(answer: httpx.Response) -> str:
    """Say what an RFC 9457 problem says, in one line."""
    try:
        problem = answer.json()
        words = problem.get("detail") or problem.get("title")
    except (ValueError, AttributeError):
        words = answer.text
    return f"{answer.status_code} {' '.join(str(words).split())[:300]}"
