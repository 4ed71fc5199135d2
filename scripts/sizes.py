"""Print what each part brings onto a machine: its own declared dependencies, nothing else, as a Markdown table.

.venv/bin/python scripts/sizes.py
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = ROOT / ".venv" / "bin" / "uv"
INSTALLS = {
    "contract": [],
    "edge": [],
    "cloud": [],
    "cloud, embedded": ["--extra", "embedded"],
    "slotting": [],
    "dashboards": [],
    "simulators": [],
}
TIMEOUT_S = 300


def install(part: str, options: list[str], environment: Path) -> Path:
    """Install one part as its user would, and return its site-packages."""
    variables = os.environ | {"UV_PROJECT_ENVIRONMENT": str(environment), "UV_LINK_MODE": "copy"}
    command = [UV, "sync", "--locked", "--quiet", "--no-editable", "--no-dev", "--package", f"tagdock-{part}", *options]
    subprocess.run(command, cwd=ROOT, env=variables, check=True, timeout=TIMEOUT_S)
    return next(environment.glob("lib/python3*/site-packages"))


def main() -> None:
    """Measure every install and print the table."""
    print("| install | packages | MB |\n|---|---|---|")
    for name, options in INSTALLS.items():
        print(f"sizes: {name}", file=sys.stderr)
        with tempfile.TemporaryDirectory() as folder:
            packages = install(name.split(",")[0], options, Path(folder) / "environment")
            size_mb = sum(file.stat().st_size for file in packages.rglob("*") if file.is_file()) / 1e6
            print(f"| {name} | {len(list(packages.glob('*.dist-info')))} | {size_mb:.0f} |")


if __name__ == "__main__":
    main()
