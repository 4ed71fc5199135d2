"""The command `tagdock-sim picture`: a scenario's floor plan and reads over time on one page."""

from pathlib import Path

import click

from tagdock_simulators.commands.options import NEW_FILE, scenario_options, writing
from tagdock_simulators.recording import new_file
from tagdock_simulators.scenarios import Scenario

_KINDS = (".svg", ".png")


@click.command()
@scenario_options
@click.option(
    "-o",
    "--output",
    required=True,
    type=NEW_FILE,
    envvar="TAGDOCK_OUTPUT",
    show_envvar=True,
    help="The picture: FILE.svg or FILE.png.",
)
def picture(scenario: Scenario, seed: int, output: Path) -> None:
    """Draw a scenario: its doors and ways, and what the readers report of a few tags, beside the truth."""
    if output.suffix not in _KINDS:
        raise click.UsageError(f"--output must end in {' or '.join(_KINDS)}, not {output.suffix!r}")
    try:
        from tagdock_simulators.pictures.figure import draw, save  # noqa: PLC0415  # an extra: only who draws needs it
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"pictures need {error.name}, which is not installed; run: pip install 'tagdock-simulators[pictures]'"
        ) from error
    from tagdock_simulators.pictures.view import look  # noqa: PLC0415

    with writing(), new_file(output) as file:
        save(draw(look(scenario, seed)), file, "svg" if output.suffix == ".svg" else "png")
    click.echo(f"{output}: {scenario.name}, seed {seed}")
