"""The three roles as dependencies, made once, so that tests and documentation name the same objects."""

from typing import Annotated

from fastapi import Depends

from tagdock_cloud.access.guard import require
from tagdock_cloud.access.roles import Caller

Viewer = Annotated[Caller, Depends(require("viewer"))]
Planner = Annotated[Caller, Depends(require("planner"))]
Admin = Annotated[Caller, Depends(require("admin"))]
