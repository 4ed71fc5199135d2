"""Record a scene of the second radio model as `tagdock-sim record` does one of the first: reads, truth, configuration.

    .venv/bin/python benchmarks/edge_scenes.py other-mixed --seed 1 -o reads.jsonl --truth truth.jsonl \\
        --gateway-config gateway.toml

Seeds from 1000 on are what the gateway is judged on: look at the failures of seeds 1 to 99 only.
"""

import argparse
import json
from pathlib import Path

from scenes import SCENES, scene
from scenes.scene import truth_line
from tagdock_contract import encode


def main() -> None:
    """Write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scene", choices=SCENES)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--gateway-config", type=Path)
    options = parser.parse_args()
    made = scene(options.scene, options.seed)
    options.output.write_bytes(b"".join(encode(record) + b"\n" for record in made.records))
    if options.truth:
        options.truth.write_text("".join(json.dumps(truth_line(each)) + "\n" for each in made.truth))
    if options.gateway_config:
        options.gateway_config.write_text(made.toml)
    print(f"{options.output}: {len(made.records):,} records, {len(made.truth):,} tags at {len(made.doors)} doors")


if __name__ == "__main__":
    main()
