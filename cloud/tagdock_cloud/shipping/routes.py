"""All routes of this subject, in the order in which they are asked whether a request is theirs."""

from tagdock_cloud.shipping.allocations import router as allocations
from tagdock_cloud.shipping.network import router as network
from tagdock_cloud.shipping.proposals import router as proposals
from tagdock_cloud.shipping.runs import router as runs
from tagdock_cloud.shipping.shipments import router as shipments
from tagdock_cloud.shipping.transfers import router as transfers

ROUTERS = (network, allocations, transfers, proposals, runs, shipments)
