"""`python -m tagdock_slotting` is `tagdock-slotting`."""

from tagdock_slotting.cli import main

if __name__ == "__main__":
    main(prog_name="tagdock-slotting")
