"""People at the returns of a site: each has a token of a role, is dealt tasks, and does them over the interface."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tagdock_simulators.demo.client import CloudClient
from tagdock_simulators.demo.errands import Errand
from tagdock_simulators.demo.errors import DemoError
from tagdock_simulators.demo.fates import EXCHANGED, Comeback

_LOOK_EVERY_S = 1.0
_REFUSALS_KEPT = 100

Row = Mapping[str, Any]


@dataclass
class Bench:
    """What the people of one site share: the goods on it, what is to be sent away, and what they were refused."""

    goods: dict[str, Comeback] = field(default_factory=dict)
    to_send: list[str] = field(default_factory=list)
    """EPCs that are packed for the customer and wait for the door."""
    packed: set[str] = field(default_factory=set)
    """All that ever were: until its passage is on record a parcel's task is still open."""
    refusals: list[str] = field(default_factory=list)
    errands: dict[str, Errand] = field(default_factory=dict)
    """Cartons that ask for tasks by themselves, by their EPC and by their order."""


class Person:
    """Somebody on duty. `role` says which tasks they are dealt; `_do` does one, `_round` what nobody deals out."""

    role = ""

    def __init__(self, client: CloudClient, site: str, bench: Bench) -> None:
        self._client = client
        self._site = site
        self._bench = bench

    async def work(self) -> None:
        """Come on duty and do what there is to do, for ever."""
        await self._client.come_on_duty()
        while True:
            await self._try(self._round)
            for task in await self._client.all("/tasks", site=self._site, state="open", **self._mine()):
                comeback = self._bench.goods.get(str(task["epc"]))
                await self._try(self._do, task, comeback)
            await asyncio.sleep(_LOOK_EVERY_S)

    def _mine(self) -> dict[str, str]:
        return {"assignee": "me"}

    async def _try(self, deed: Callable[..., Any], *told: Any) -> None:
        """Do something; what is refused is tried again at the next look, if it is still to be done."""
        try:
            await deed(*told)
        except DemoError as error:
            if len(self._bench.refusals) < _REFUSALS_KEPT:
                self._bench.refusals.append(f"{self._site}, {self.role}: {error}")

    async def _round(self) -> None:
        """Do what nobody deals out."""

    async def _do(self, task: Row, comeback: Comeback | None) -> None:
        """Do a task, or leave it where it is not time for it yet: it is looked at again. Every role has its own."""
        raise NotImplementedError

    async def _take(self, task: Row) -> None:
        if task["started_at"] is None:
            await self._client.tell(f"/tasks/{task['task_id']}/take")

    async def _life(self, epc: str) -> dict[str, Any]:
        life: dict[str, Any] = (await self._client.told(f"/items/{epc}/life"))["life"]
        return life

    async def _step(self, epc: str, transition: str, **findings: Any) -> None:
        await self._client.tell(f"/items/{epc}/life/steps", transition=transition, **findings)

    async def _lives(self, state: str) -> list[Comeback]:
        """Return what of the bench's goods is in a state."""
        rows = await self._client.all("/lives", site=self._site, state=state)
        return [self._bench.goods[row["epc"]] for row in rows if row["epc"] in self._bench.goods]

    async def _case(self, epc: str) -> dict[str, Any]:
        """Return an item's case whole. Raises DemoError where it has none."""
        found = await self._client.all("/returns", site=self._site, epc=epc)
        if not found:
            raise DemoError(f"{epc} has no case")
        return await self._client.told(f"/returns/{found[0]['case_ref']}")


class Operator(Person):
    """Unpacks what came, puts back what may be sold, packs what goes to its customer, and does what the floor asks."""

    role = "operator"

    async def _round(self) -> None:
        for comeback in await self._lives("returned"):
            await self._step(comeback.epc, "unpack")

    async def _do(self, task: Row, comeback: Comeback | None) -> None:
        errand = self._bench.errands.get(str(task["epc"])) or self._bench.errands.get(str(task["order"]))
        if errand is not None:
            await self._run_errand(task, errand)
            return
        if comeback is None:  # a plan's moves are walked by others: what fills the hands here holds up what came back
            await self._client.tell(f"/tasks/{task['task_id']}/give-back", reason="others do this")
            return
        await self._take(task)
        epc, state = comeback.epc, (await self._life(comeback.epc))["state"]
        if state == "repacking":
            await self._step(epc, "restock_repacked")
        elif state == "graded" and comeback.fate.goes in ("restock", "repack"):
            await self._step(epc, str(comeback.fate.goes))
        elif state == "graded" and epc not in self._bench.packed:
            self._bench.packed.add(epc)
            self._bench.to_send.append(epc)

    async def _run_errand(self, task: Row, errand: Errand) -> None:
        """Scan what is done; what nobody says, reads have to notice."""
        kind = str(task["kind"])
        if not errand.is_scanned(kind):
            return
        await self._take(task)
        scanned = errand.order if kind == "pack" else errand.epc
        lies = {"bin": errand.bin} if kind == "put_away" else {}
        await self._client.tell(f"/tasks/{task['task_id']}/done", scanned=scanned, **lies)


class Inspector(Person):
    """Finds what is true of an item."""

    role = "inspector"

    async def _do(self, task: Row, comeback: Comeback | None) -> None:
        life = await self._life(comeback.epc) if comeback else {}
        step = {"unpacked": "inspect", "repaired": "inspect", "inspected": "inspect_again"}.get(life.get("state", ""))
        if comeback is None or step is None:
            return
        await self._take(task)
        grade = "B" if life["condition"] == "repaired" else comeback.fate.grade
        defects = {"defects": ["DOA"]} if grade == "C" else {}
        await self._step(comeback.epc, step, grade=grade, sealed=grade == "A", **defects)


class LeadInspector(Inspector):
    """Inspects, too, and decides what becomes of what two people have looked at."""

    async def _round(self) -> None:
        """Decide, once before a repair and once after it."""
        for comeback in await self._lives("graded"):
            case = await self._case(comeback.epc)
            line = next(each for each in case["lines"] if each["epc"] == comeback.epc)
            if case["state"] in ("received", "decided") and line["outcome"] in (None, "repair"):
                outcome = comeback.fate.outcome if line["outcome"] is None else comeback.fate.ends_by
                body = {"outcome": outcome, "reason": comeback.fate.name}
                await self._client.tell(f"/returns/{case['case_ref']}/lines/{line['line']}/outcome", **body)


class Technician(Person):
    """Repairs what can be, and says of the rest that it can't."""

    role = "technician"

    async def _do(self, task: Row, comeback: Comeback | None) -> None:
        if comeback is None:
            return
        await self._take(task)
        orders = await self._client.all("/repairs", site=self._site, is_open="true")
        for order in orders:
            if order["epc"] == comeback.epc:
                path = f"/repairs/{order['work_order_id']}"
                await self._fit(path, comeback)
                await self._repair(path, is_mendable=comeback.fate.is_mendable)

    async def _fit(self, path: str, comeback: Comeback) -> None:
        """Put in the parts that are not in yet: what was refused half-way is done once more."""
        if comeback.spare is None or (await self._client.told(path))["parts"]:
            return
        sku = (await self._client.told(f"/items/{comeback.spare}"))["sku"]
        await self._client.tell(f"{path}/parts", way="removed", sku=sku, quantity=comeback.fate.parts, fate="scrap")
        body = {"way": "installed", "epc": comeback.spare, "quantity": comeback.fate.parts}
        await self._client.tell(f"{path}/parts", **body)

    async def _repair(self, path: str, *, is_mendable: bool) -> None:
        await self._client.tell(f"{path}/progress", state="testing")
        await self._client.tell(f"{path}/test", passed=is_mendable, note="plugged in for a minute")
        if is_mendable:
            await self._client.tell(f"{path}/close", outcome="repaired", note="")
        else:
            await self._client.tell(f"{path}/close", outcome="irreparable", note="the board is broken")


class Manager(Person):
    """Lets in what nobody announced, approves of scrapping, refunds or exchanges, answers, and closes what is done."""

    role = "manager"

    def _mine(self) -> dict[str, str]:
        return {"role": "manager"}  # also what nobody has yet: who waits for a repair would hold up the rest

    async def _round(self) -> None:
        """Answer whoever complains or asks."""
        for request in await self._client.all("/requests", site=self._site, state="open"):
            if request["epc"] in self._bench.goods:
                liability = "carrier" if request["kind"] == "complaint" else "nobody"
                body = {"resolution": "it is being looked at", "liability": liability}
                await self._client.tell(f"/requests/{request['request_id']}/close", **body)

    async def _do(self, task: Row, comeback: Comeback | None) -> None:
        if task["kind"] == "exception" and comeback is not None:
            await self._take(task)
            await self._except(comeback)
        elif task["kind"] == "follow_up" and task["case"] is not None and task["epc"] is None:
            await self._follow_up(task)

    async def _except(self, comeback: Comeback) -> None:
        if (await self._life(comeback.epc))["state"] == "scrap_proposed":
            await self._step(comeback.epc, "approve_scrap")
        case = await self._case(comeback.epc)
        if case["state"] == "on_hold":
            await self._client.tell(f"/returns/{case['case_ref']}/accept", reason="the customer was called")

    async def _follow_up(self, task: Row) -> None:
        case = await self._client.told(f"/returns/{task['case']}")
        line = case["lines"][0]
        comeback = self._bench.goods.get(str(line["epc"]))
        if comeback is None or line["done_at"] is None or case["state"] != "decided":
            return
        await self._take(task)
        if comeback.is_refund_due and case["refunded_at"] is None:
            await self._client.tell(f"/returns/{case['case_ref']}/refund")
        elif comeback.fate is EXCHANGED and case["exchanged_at"] is None:
            await self._client.tell(f"/returns/{case['case_ref']}/exchange", order=f"X-{case['case_ref']}")
        await self._client.tell(f"/returns/{case['case_ref']}/close", note="the customer was told")


STAFF: tuple[type[Person], ...] = (Operator, LeadInspector, Inspector, Technician, Manager)
"""Who works at a site: an item's second inspection is for somebody else."""
