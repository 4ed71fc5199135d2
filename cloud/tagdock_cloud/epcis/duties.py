"""What EPCIS has to do again and again."""

from tagdock_cloud.epcis.deliver import deliver
from tagdock_cloud.epcis.errands import run_jobs
from tagdock_cloud.epcis.forget import forget, forget_said
from tagdock_cloud.epcis.tell import tell
from tagdock_cloud.work.duty import Duty

DUTIES: tuple[Duty, ...] = (
    Duty("epcis-tell", 2.0, tell),
    Duty("epcis-capture", 1.0, run_jobs),
    Duty("epcis-deliver", 1.0, deliver),
    Duty("epcis-forget", 60.0, forget),
    Duty("epcis-forget-said", 3600.0, forget_said),
)
