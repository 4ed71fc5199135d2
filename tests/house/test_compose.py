"""docker-compose.yml says nothing that is not so: each image, file, command, option and variable that it names exists.

No container engine is needed. `test_compose_run.py` runs the services' own commands.
"""

import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import tomllib
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from tagdock_contract import MAX_PAYLOAD_BYTES, GatewayAddress

ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / ".venv" / "bin"
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
BUILT = {name: service for name, service in SERVICES.items() if "build" in service}
DOCKERFILES = sorted({service["build"]["dockerfile"] for service in BUILT.values()})
GATEWAY = tomllib.loads((ROOT / "deploy/gateway.toml").read_text())


def instructions(dockerfile: str) -> list[tuple[str, str]]:
    """Return a Dockerfile's instructions as (word, rest), continuation lines joined."""
    text = (ROOT / dockerfile).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest) for word, rest in (line.split(maxsplit=1) for line in lines)]


def last(dockerfile: str, word: str) -> str:
    return [rest for name, rest in instructions(dockerfile) if name == word][-1]


def program(service: str) -> str:
    """Return the program that a service built here starts."""
    return str(json.loads(last(SERVICES[service]["build"]["dockerfile"], "ENTRYPOINT"))[0])


def calls(service: str) -> list[list[str]]:
    """Return the commands of our programs that a service runs, each as a list of words."""
    entrypoint = SERVICES[service].get("entrypoint")
    if entrypoint is None:
        return [[program(service), *SERVICES[service]["command"]]]
    script = (ROOT / "deploy" / entrypoint[0]).read_text()
    lines = [line.partition("  #")[0] for line in script.splitlines() if line.lstrip().startswith("tagdock-")]
    return [shlex.split(re.split(r"\s(?:\d?>|\|)", line)[0]) for line in lines]


def help_of(words: list[str]) -> str:
    """Ask a program about the subcommand that these words name; it has to exist."""
    path: tuple[str, ...] = ()
    told = asked_for_help(words[0])
    for word in words[1:]:
        if word.startswith("-") or not re.search(rf"^  {re.escape(word)}\b", told, re.MULTILINE):
            break
        path += (word,)
        told = asked_for_help(words[0], *path)
    assert path, f"{words[0]} has no command {words[1]}"
    return told


@lru_cache
def asked_for_help(*words: str) -> str:
    done = subprocess.run(
        [BIN / words[0], *words[1:], "--help"], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that deploy/make-secrets has filled."""
    if shutil.which("openssl") is None:
        pytest.skip("deploy/make-secrets needs openssl: apt-get install openssl")
    folder = tmp_path_factory.mktemp("secrets") / "secrets"
    make_secrets(folder)
    return folder


def make_secrets(folder: Path, *hosts: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "deploy/make-secrets", "-d", folder, *hosts], capture_output=True, text=True, timeout=30, check=True
    )


def variables(file: Path) -> dict[str, str]:
    """Return the variables of an env file as compose reads them."""
    return dict(line.split("=", 1) for line in file.read_text().splitlines() if line and not line.startswith("#"))


# ---- the file itself ------------------------------------------------------------------------------------------------


def test_the_file_keeps_the_compose_specification() -> None:
    data = os.environ.get("TAGDOCK_TEST_DATA")
    if not data or not (schema := Path(data) / "schemas/compose-spec.json").is_file():
        pytest.skip("TAGDOCK_TEST_DATA does not lead to schemas/compose-spec.json")
    Draft7Validator(json.loads(schema.read_text())).validate(COMPOSE)  # its $schema misspells draft 7's name


@pytest.mark.parametrize("service", SERVICES)
def test_every_image_is_pinned_to_a_version(service: str) -> None:
    image, _, tag = SERVICES[service]["image"].partition(":")
    assert re.match(r"\d+\.\d+\.\d+", tag), f"{image}:{tag}"
    if "build" in SERVICES[service]:
        part = Path(SERVICES[service]["build"]["dockerfile"]).parent
        assert tag == tomllib.loads((ROOT / part / "pyproject.toml").read_text())["project"]["version"]


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_is_restarted_bounded_and_powerless(service: str) -> None:
    settings = SERVICES[service]
    assert settings["restart"] in ("unless-stopped", "on-failure:5")
    assert settings["cap_drop"] == ["ALL"]
    assert settings["logging"]["options"].keys() == {"max-size", "max-file"}
    user = settings.get("user") or last(settings["build"]["dockerfile"], "USER")
    assert re.fullmatch(r"[1-9]\d*:\d+", user)


@pytest.mark.parametrize("service", SERVICES)
def test_what_a_service_refers_to_is_declared(service: str) -> None:
    settings = SERVICES[service]
    assert set(settings.get("secrets", [])) <= COMPOSE["secrets"].keys()
    assert set(settings["networks"]) <= COMPOSE["networks"].keys()
    assert {source for source, _ in mounts(service) if "/" not in source} <= COMPOSE["volumes"].keys()
    for other, how in settings.get("depends_on", {}).items():
        assert other in SERVICES
        if how["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other]
        else:
            assert SERVICES[other]["restart"].startswith("on-failure"), f"{other} never completes"


def test_whoever_speaks_to_another_shares_a_network_with_it() -> None:
    speaks = {
        "database": ["roles", "migrate", "grants", "access", "api", "ingest", "work", "slotting", "grafana"],
        "mosquitto": ["ingest", "edge"],
        "readers": ["edge"],
    }
    for to, services in speaks.items():
        for service in services:
            assert set(SERVICES[service]["networks"]) & set(SERVICES[to]["networks"]), f"{service} -> {to}"
    assert not set(SERVICES["edge"]["networks"]) & set(SERVICES["database"]["networks"])


def test_everything_declared_is_used() -> None:
    used = {name for service in SERVICES.values() for name in service.get("secrets", [])}
    assert used == COMPOSE["secrets"].keys()
    volumes = {source for service in SERVICES for source, _ in mounts(service) if "/" not in source}
    assert volumes == COMPOSE["volumes"].keys()
    assert {name for service in SERVICES.values() for name in service["networks"]} == COMPOSE["networks"].keys()


def test_only_the_broker_is_reachable_from_other_machines() -> None:
    ports = [(name, port) for name, service in SERVICES.items() for port in service.get("ports", [])]
    assert {name for name, port in ports if not port.startswith("127.0.0.1:")} == {"mosquitto"}


def mounts(service: str) -> list[tuple[str, str]]:
    return [tuple(mount.split(":")[:2]) for mount in SERVICES[service].get("volumes", [])]


@pytest.mark.parametrize("service", SERVICES)
def test_every_mounted_file_exists_or_is_made(service: str, secrets: Path) -> None:
    for source, _ in mounts(service):
        assert "/" not in source or (ROOT / source).exists(), source
    for file in SERVICES[service].get("env_file", []):
        assert (secrets / Path(file).name).is_file() and file.startswith("secrets/")
    for name in SERVICES[service].get("secrets", []):
        file = COMPOSE["secrets"][name]["file"]
        assert (secrets / Path(file).name).is_file() and file.startswith("secrets/")


# ---- commands, options, variables -----------------------------------------------------------------------------------


@pytest.mark.parametrize("service", BUILT)
def test_every_command_and_option_exists(service: str) -> None:
    assert calls(service)
    for words in calls(service):
        told = help_of(words)
        for option in [word for word in words if word.startswith("--")]:
            assert re.search(rf"{option}\b", told), f"{' '.join(words)}: no {option}"


@pytest.mark.parametrize("service", [name for name, service in BUILT.items() if "env_file" in service])
def test_every_variable_is_known_to_the_command_that_gets_it(service: str, secrets: Path) -> None:
    given = {name for file in SERVICES[service]["env_file"] for name in variables(secrets / Path(file).name)}
    told = "".join(help_of(words) for words in calls(service))
    known = set(re.findall(r"\bTAGDOCK_[A-Z_]+\b", told))
    assert given - known <= ({"TAGDOCK_BROKER_PASSWORD"} if service == "ingest" else {"TAGDOCK_BROKER"})
    assert given & known


def test_grafana_gets_every_variable_that_its_data_source_names(secrets: Path) -> None:
    provisioned = (ROOT / "dashboards/provisioning/datasources").glob("*.yaml")
    named = {name for file in provisioned for name in re.findall(r"\$(\w+)", file.read_text())}
    assert named
    assert named <= variables(secrets / "grafana.env").keys()


def test_grafana_finds_its_dashboards_where_they_are_mounted() -> None:
    (file,) = (ROOT / "dashboards/provisioning/dashboards").glob("*.yaml")
    path = yaml.safe_load(file.read_text())["providers"][0]["options"]["path"]
    assert {target: source for source, target in mounts("grafana")}[path] == "./dashboards/generated"
    assert list((ROOT / "dashboards/generated").glob("*.json"))


def test_the_gateways_file_fits_the_services_around_it() -> None:
    gateway = GATEWAY["gateway"]
    name = f"{gateway['site']}/{gateway['id']}"
    assert SERVICES["access"]["environment"]["GATEWAY"] == name
    assert gateway["auth"]["password_file"] == f"/gateway/{GatewayAddress(gateway['site'], gateway['id']).client_id}"
    assert gateway["broker"] == "mqtts://mosquitto:8883"
    assert gateway["tls"]["ca_file"] == "/run/secrets/ca_certificate"
    assert {SERVICES[reader["host"]]["profiles"][0] for reader in GATEWAY["reader"]} == {"demo"}
    ports = [reader["port"] for reader in GATEWAY["reader"]]
    first = int(SERVICES["readers"]["command"][-1])
    assert ports == list(range(first, first + len(ports)))  # a scenario's readers listen on ports in a row


def test_the_broker_takes_the_largest_payload_of_the_contract() -> None:
    assert f"\nmessage_size_limit {MAX_PAYLOAD_BYTES}\n" in (ROOT / "deploy/mosquitto.conf").read_text()


# ---- images ---------------------------------------------------------------------------------------------------------


def build_stage(dockerfile: str) -> list[tuple[str, str]]:
    """Return the instructions from the first FROM to the second."""
    steps = instructions(dockerfile)
    second = [number for number, (word, _) in enumerate(steps) if word == "FROM"][1]
    return steps[:second]


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_a_dockerfile_copies_what_is_there_and_starts_its_parts_program(dockerfile: str) -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for source in [
        Path(name) for word, rest in build_stage(dockerfile) if word == "COPY" for name in rest.split()[:-1]
    ]:
        assert (ROOT / source).exists()
        assert any(fnmatch(str(path), pattern) for path in (source, *source.parents) for pattern in allowed), source
    part = tomllib.loads((ROOT / dockerfile).with_name("pyproject.toml").read_text())["project"]
    assert json.loads(last(dockerfile, "ENTRYPOINT"))[0] in part["scripts"]
    bases = {rest.split()[0] for word, rest in instructions(dockerfile) if word == "FROM"}
    assert all(re.fullmatch(r"python:3\.11[.\d]*-slim-bookworm", base) for base in bases)


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_an_image_can_be_built_from_what_its_dockerfile_copies(dockerfile: str, tmp_path: Path) -> None:
    source, installed = tmp_path / "src", tmp_path / "installed"
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    environment |= {"UV_PROJECT_ENVIRONMENT": str(installed), "UV_PYTHON_DOWNLOADS": "never"}
    syncs = 0
    for word, rest in build_stage(dockerfile):
        if word == "COPY":
            copy(rest.split()[:-1], source / rest.split()[-1])
        elif word == "RUN" and rest.startswith(".venv/bin/uv sync --locked --no-dev "):
            command = [str(BIN / "uv"), *shlex.split(rest)[1:], "--quiet"]
            subprocess.run(command, cwd=source, env=environment, timeout=120, check=True)
            syncs += 1
    assert syncs == 2
    shutil.rmtree(source)
    name = json.loads(last(dockerfile, "ENTRYPOINT"))[0]
    told = subprocess.run([installed / "bin" / name, "--help"], capture_output=True, timeout=60, check=True)
    assert b"Usage" in told.stdout
    assert not list(installed.glob("lib/python*/site-packages/pytest"))


def copy(names: list[str], target: Path) -> None:
    """Copy as COPY does: files into the folder, a folder's content into it."""
    target.mkdir(parents=True, exist_ok=True)
    for path in [ROOT / name for name in names]:
        if path.is_dir():
            shutil.copytree(path, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, target)


# ---- secrets --------------------------------------------------------------------------------------------------------


def test_no_password_stands_in_any_file() -> None:
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            assert "PASSWORD" not in variable or value.startswith("/run/secrets/"), f"{name}: {variable}"
    for file in [ROOT / "docker-compose.yml", *(ROOT / "deploy").rglob("*"), *(ROOT / path for path in DOCKERFILES)]:
        if file.is_file():
            assert not re.search(r"://[\w-]+:(?!\$)[^\s@/$]+@|\$\{\w*PASSWORD\w*:-", file.read_text()), file


def test_secrets_are_new_each_time_stay_once_made_and_lie_in_a_closed_folder(secrets: Path, tmp_path: Path) -> None:
    other = tmp_path / "secrets"
    make_secrets(other)
    passwords = [file for file in other.iterdir() if file.name.endswith("-password")]
    assert len({file.read_text() for file in passwords}) == len(passwords) == 6
    assert all(len(file.read_text().strip()) == 64 for file in passwords)
    assert all(file.read_text() != (secrets / file.name).read_text() for file in passwords)
    before = {file.name: file.read_bytes() for file in other.iterdir()}
    make_secrets(other)
    assert {file.name: file.read_bytes() for file in other.iterdir()} == before
    assert stat.S_IMODE(other.stat().st_mode) == 0o700
    assert stat.S_IMODE((other / "ca.key").stat().st_mode) == 0o400


def test_a_removed_password_is_renewed_wherever_it_stands(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    make_secrets(folder)
    old = (folder / "broker-password").read_text().strip()
    (folder / "broker-password").unlink()
    make_secrets(folder)
    new = (folder / "broker-password").read_text().strip()
    assert old != new
    assert old not in "".join(file.read_text() for file in folder.iterdir())
    assert variables(folder / "broker.env")["TAGDOCK_BROKER_PASSWORD"] == new


def test_a_half_made_folder_is_completed(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    make_secrets(folder)
    (folder / "ca.key").unlink()
    make_secrets(folder)
    subprocess.run(["openssl", "verify", "-CAfile", folder / "ca.crt", folder / "broker.crt"], check=True, timeout=10)


def test_the_brokers_certificate_names_the_hosts_that_were_given(tmp_path: Path) -> None:
    make_secrets(tmp_path / "secrets", "dock.example", "10.0.0.5")
    told = subprocess.run(
        ["openssl", "x509", "-in", tmp_path / "secrets/broker.crt", "-noout", "-ext", "subjectAltName"],
        capture_output=True, text=True, timeout=10, check=True,
    ).stdout  # fmt: skip
    assert {"DNS:mosquitto", "DNS:dock.example", "IP Address:10.0.0.5"} <= {
        name.strip() for name in re.split(r"[,\n]", told)
    }


def test_a_name_that_is_no_host_is_refused(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        make_secrets(tmp_path / "secrets", "x,DNS:evil")
    assert caught.value.returncode == 2
    assert "is no host name" in caught.value.stderr


@pytest.mark.parametrize(
    "service", [name for name, told in SERVICES.items() if told.get("restart") == "unless-stopped"]
)
def test_every_service_that_stays_up_has_a_health_check(service: str) -> None:
    assert SERVICES[service]["healthcheck"]["test"][0] == "CMD"
