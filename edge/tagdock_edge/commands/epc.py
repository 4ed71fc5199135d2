"""The command `tagdock-edge epc`: what tags say."""

import json

import click

from tagdock_edge import epc
from tagdock_edge.errors import EpcError


@click.group("epc")
def epc_group() -> None:
    """Look at EPCs."""


@epc_group.command("decode")
@click.argument("codes", metavar="HEX...", nargs=-1, required=True)
@click.pass_context
def epc_decode(ctx: click.Context, codes: tuple[str, ...]) -> None:
    """Decode EPC memory given as hex, a JSON line each; status 1 if one can't be decoded."""
    failed = False
    for code in codes:
        line = _decoded(code)
        failed = failed or line["error"] is not None
        click.echo(json.dumps(line))
    ctx.exit(1 if failed else 0)


def _decoded(code: str) -> dict[str, str | None]:
    try:
        identity = epc.decode(code)
    except EpcError as error:
        nothing = dict.fromkeys(("scheme", "pure_identity", "tag_uri", "digital_link"))
        return {"hex": code, **nothing, "error": str(error)}
    return {
        "hex": code.upper(),
        "scheme": identity.scheme.name,
        "pure_identity": identity.pure_identity,
        "tag_uri": identity.tag_uri,
        "digital_link": identity.digital_link,
        "error": None,
    }
