"""What crosses the wire about users, tokens, gateways and the audit."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from tagdock_cloud.access.passwords import LEAST_CHARACTERS, MOST_CHARACTERS
from tagdock_cloud.access.roles import Kind, Right, Role
from tagdock_cloud.web.names import Instant, Label, Site

UserName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$")]
UserRole = Literal["admin", "manager", "planner", "operator", "inspector", "technician", "viewer", "integrator"]
"""A person is no device."""
Sites = Annotated[list[Site], Field(min_length=1, max_length=1000, description="Left out or null: all sites.")]
Password = Annotated[SecretStr, Field(min_length=LEAST_CHARACTERS, max_length=MOST_CHARACTERS)]


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewUser(_Written):
    """A person who may log in. Without a password only through the OpenID provider."""

    name: UserName = Field(examples=["mei.lin"])
    role: UserRole
    sites: Sites | None = None
    password: Password | None = None


class UserState(_Written):
    """What an administrator says of a user, whole."""

    role: UserRole
    sites: Sites | None = None
    disabled: bool = False


class NewPassword(_Written):
    """A password for a user, given by an administrator; all browsers of the user are logged out."""

    password: Password


class OwnPassword(_Written):
    """A new password for oneself."""

    old_password: SecretStr = Field(max_length=MOST_CHARACTERS)
    password: Password


class UserRecord(BaseModel):
    """A user as administrators see one."""

    name: str
    role: Role
    sites: list[str] | None
    created_at: datetime
    disabled_at: datetime | None
    has_password: bool
    oidc_subject: str | None


class UserPage(BaseModel):
    """Users by name."""

    items: list[UserRecord]


class Me(BaseModel):
    """Who asks, and what they may do."""

    name: str
    kind: Kind
    role: Role
    sites: list[str] | None
    rights: list[Right]


class RoleRecord(BaseModel):
    """A role and what it may do."""

    role: Role
    rights: list[Right]


class RoleList(BaseModel):
    """All roles."""

    items: list[RoleRecord]


class NewToken(_Written):
    """A token for a program. `rights` narrows it to some of what the role may do."""

    name: Label
    role: Role
    sites: Sites | None = None
    rights: Annotated[list[Right], Field(min_length=1, max_length=6)] | None = None
    expires_at: Instant | None = Field(
        default=None, description="Left out: never. Give every token an end you can live with."
    )


class TokenRecord(BaseModel):
    """A token as it is listed; nobody can read it back."""

    name: str
    role: Role
    sites: list[str] | None
    rights: list[Right] | None
    created_at: datetime
    created_by: str | None
    expires_at: datetime | None
    revoked_at: datetime | None


class MadeToken(TokenRecord):
    """A token that was made just now; `token` is shown only this once: null where the answer is repeated."""

    token: str | None


class TokenPage(BaseModel):
    """Tokens in the order in which they were made."""

    items: list[TokenRecord]


class NewGateway(_Written):
    """A gateway that may report."""

    site: Site
    gateway: Site


class MadeGateway(BaseModel):
    """A gateway that was registered just now; `secret` is shown only this once: null where the answer is repeated."""

    site: str
    gateway: str
    user: str = Field(description="Its user name at the broker, and its MQTT client id.")
    secret: str | None


class AuditRecord(BaseModel):
    """One change: who, what, when, before, after."""

    audit_id: int
    at: datetime
    who: str
    kind: Kind
    action: str
    subject: str
    site: str | None
    before: Any
    after: Any
    request_id: str | None


class AuditPage(BaseModel):
    """Changes, newest first."""

    items: list[AuditRecord]
