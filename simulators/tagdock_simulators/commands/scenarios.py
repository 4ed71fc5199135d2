"""The command `tagdock-sim scenarios`: what there is to play."""

import json

import click

from tagdock_simulators.scenarios import SCENARIOS, parameters


@click.command()
@click.option("--json", "as_json", is_flag=True, envvar="TAGDOCK_JSON", show_envvar=True, help="With all parameters.")
def scenarios(as_json: bool) -> None:
    """List the scenarios and what each is hard about."""
    width = max(map(len, SCENARIOS))
    for scenario in SCENARIOS.values():
        told = json.dumps(parameters(scenario)) if as_json else f"{scenario.name:{width}}  {scenario.hard_about}"
        click.echo(told)
