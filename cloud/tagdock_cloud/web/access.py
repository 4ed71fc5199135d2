"""The rights as dependencies, made once, so that tests and documentation name the same objects.

A route takes one of these as a parameter; a route that takes none is refused to everybody (see `access/guard.py`).
"""

from typing import Annotated

from fastapi import Depends

from tagdock_cloud.access.guard import Everybody, Require
from tagdock_cloud.access.roles import Caller

Public = Annotated[None, Depends(Everybody())]
"""For what nobody has to log in for: probes and the login itself."""
Viewer = Annotated[Caller, Depends(Require("read"))]
Planner = Annotated[Caller, Depends(Require("plan"))]
Operator = Annotated[Caller, Depends(Require("decide"))]
Handler = Annotated[Caller, Depends(Require("handle"))]
"""Who handles items: takes steps of their lives, as far as the table of lives lets the role."""
Integrator = Annotated[Caller, Depends(Require("supply"))]
Manager = Annotated[Caller, Depends(Require("manage"))]
Admin = Annotated[Caller, Depends(Require("administer"))]
