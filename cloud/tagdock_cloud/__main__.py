"""`python -m tagdock_cloud`: the same as the command tagdock-cloud."""

from tagdock_cloud.cli import main

main(prog_name="tagdock-cloud")
