"""Make `.venv` with the locked uv in it, on a machine that has only Python 3.11.

    python3.11 scripts/bootstrap.py

uv stands in the lock like every other tool, with its version, address and hash. The host's pip installs it where there
is one (it knows the mirror that this machine may have to use); elsewhere the wheel is fetched straight from the lock's
address and its hash compared. Standard library only: nothing else is there yet.
"""

import hashlib
import io
import platform
import subprocess
import sys
import tomllib
import urllib.request
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
UV = VENV / "bin" / "uv"
TIMEOUT_S = 120
OLDEST = (3, 11)

# How wheels name the machines that Tagdock is built for.
_TAGS = {
    ("Linux", "x86_64"): "manylinux_2_17_x86_64",
    ("Linux", "aarch64"): "manylinux_2_17_aarch64",
    ("Darwin", "arm64"): "macosx_11_0_arm64",
    ("Darwin", "x86_64"): "macosx_10_12_x86_64",
}


def locked_uv() -> dict[str, object]:
    """Return uv's entry in the lock."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    return next(package for package in lock["package"] if package["name"] == "uv")


def installed_version() -> str | None:
    """Return the version of the uv that `.venv` holds already."""
    if not UV.exists():
        return None
    told = subprocess.run([UV, "--version"], capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    return told.stdout.split()[1] if told.returncode == 0 else None


def install_by_pip(version: str) -> bool:
    """Try the host's pip; say whether uv is there now."""
    pip = [sys.executable, "-m", "pip", "--python", str(VENV / "bin" / "python")]
    command = [*pip, "install", "--quiet", "--disable-pip-version-check", f"uv=={version}"]
    done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=False)
    return done.returncode == 0 and UV.exists()


def install_from_lock(package: dict[str, object]) -> None:
    """Fetch the wheel that the lock names for this machine, compare its hash, unpack uv's program."""
    machine = (platform.system(), platform.machine())
    tag = _TAGS.get(machine)
    wheels = [w for w in package["wheels"] if tag and tag in w["url"]]  # type: ignore[attr-defined]
    if not wheels:
        sys.exit(f"no locked uv fits {machine[0]} on {machine[1]}: install uv {package['version']} as {UV} by hand")
    try:
        with urllib.request.urlopen(wheels[0]["url"], timeout=TIMEOUT_S) as response:
            data = response.read(wheels[0]["size"] + 1)
    except OSError as error:
        sys.exit(f"uv could not be fetched ({error}): check the network, or install python3-pip and try again")
    if f"sha256:{hashlib.sha256(data).hexdigest()}" != wheels[0]["hash"]:
        sys.exit("the fetched uv does not match the lock's hash: it is not installed; try again on a network you trust")
    with zipfile.ZipFile(io.BytesIO(data)) as wheel:
        member = next(name for name in wheel.namelist() if name.endswith(".data/scripts/uv"))
        UV.write_bytes(wheel.read(member))
    UV.chmod(0o755)


def main() -> None:
    """Create the environment and put the locked uv into it."""
    if sys.version_info < OLDEST:
        needed = ".".join(map(str, OLDEST))
        sys.exit(
            f"Tagdock needs Python {needed}, this is {platform.python_version()}: try PYTHON=python{needed} make ..."
        )
    if not (VENV / "bin" / "python").exists():
        print("setup: creating .venv", file=sys.stderr)
        venv.create(VENV, with_pip=False, symlinks=True)
    package = locked_uv()
    version = str(package["version"])
    if installed_version() == version:
        return
    print(f"setup: installing uv {version}", file=sys.stderr)
    if not install_by_pip(version):
        install_from_lock(package)


if __name__ == "__main__":
    main()
