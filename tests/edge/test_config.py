"""The configuration: what is taken, and what each mistake is told."""

from pathlib import Path

import pytest
from tagdock_edge.config import PASSWORD_VARIABLE
from tagdock_edge.config_file import load
from tagdock_edge.errors import ConfigError
from tagdock_edge.readers.bin_sensors import BinSensors
from tagdock_edge.readers.llrp_settings import AntennaSettings, LlrpSettings
from tagdock_edge.readers.zebra import ZebraSettings

GOOD = """
[gateway]
id = "gw-1"
site = "hangzhou-1"
broker = "mqtt://127.0.0.1:1884"

[[reader]]
name = "dock-1"
driver = "llrp"
host = "10.0.0.21"

[[door]]
name = "D1"
antennas = [
  { reader = "dock-1", antenna = 1, side = "outside" },
  { reader = "dock-1", antenna = 2, side = "inside" },
]
photo_eyes = { reader = "dock-1", outside_gpi = 1, inside_gpi = 2 }
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "gateway.toml"
    file.write_text(text)
    return file


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(written(folder, text), {})
    return [problem.split("gateway.toml: ", 1)[1] for problem in caught.value.problems]


def test_the_designs_file_is_taken(tmp_path: Path) -> None:
    config = load(written(tmp_path, GOOD), {})
    assert config.address.client_id == "hangzhou-1.gw-1"
    assert (config.broker.host, config.broker.port, config.broker.tls) == ("127.0.0.1", 1884, None)
    assert config.outbox.path == tmp_path / "outbox.sqlite"
    assert config.readers[0].settings == LlrpSettings(
        "10.0.0.21", antennas=(AntennaSettings(1), AntennaSettings(2)), inputs=(1, 2)
    )
    assert [antenna.side for antenna in config.doors[0].antennas] == ["outside", "inside"]


def test_the_data_folder_takes_the_outbox(tmp_path: Path) -> None:
    assert load(written(tmp_path, GOOD), {}, tmp_path / "data").outbox.path == tmp_path / "data" / "outbox.sqlite"


MISTAKES = {
    "unknown key": ("host =", "hots =", "reader[0].hots: is not known; did you mean host?"),
    "unknown section": ("[[door]]", "[[dor]]", "dor: is not known; did you mean door?"),
    "side": ('side = "inside"', 'side = "left"', 'door[0].antennas[1].side: must be "outside" or "inside"'),
    "missing": ('site = "hangzhou-1"', "", "gateway.site: is missing; give 1 to 64 letters, digits, - or _"),
    "wildcard": ('"hangzhou-1"', '"a/+"', "gateway.site: must be 1 to 64 letters, digits, - or _, not 'a/+'"),
    "wrong type": (
        "antenna = 1",
        "antenna = true",
        "door[0].antennas[0].antenna: must be the antenna's number, from 1",
    ),
    "unknown reader": (
        '{ reader = "dock-1", antenna = 2',
        '{ reader = "dock-9", antenna = 2',
        "door[0].antennas[1].reader: 'dock-9' is no [[reader]]",
    ),
    "antenna twice": (
        "antenna = 2",
        "antenna = 1",
        "door[0].antennas[1]: antenna 1 of dock-1 belongs to door[0].antennas[0]",
    ),
    "unknown driver": ('"llrp"', '"llpr"', "reader[0].driver: 'llpr' is no driver; installed are "),
    "no MQTT address": (
        "mqtt://127.0.0.1:1884",
        "http://x",
        "gateway.broker: must be mqtt://HOST:PORT, or mqtts://HOST:PORT",
    ),
    "bad port": (
        ":1884",
        ":99999",
        "gateway.broker: is no address; write mqtt://HOST:PORT, a port from 1 to 65535",
    ),
    "secret in the address": (
        "mqtt://",
        "mqtt://u:secret@",
        "gateway.broker: must not hold user or password; use TAGDOCK_GATEWAY_PASSWORD",
    ),
    "no antennas": ("antennas = [", "antenas = [", "door[0].antennas: is empty; give { reader ="),
}


@pytest.mark.parametrize(("found", "instead", "told"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_names_its_key_and_the_remedy(tmp_path: Path, found: str, instead: str, told: str) -> None:
    assert found in GOOD
    assert any(problem.startswith(told) for problem in problems(tmp_path, GOOD.replace(found, instead)))


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace('site = "hangzhou-1"', "").replace("host =", "hots =").replace('"inside"', '"left"')
    assert len(problems(tmp_path, text)) == 4  # the host is missing as well as misspelt


def test_names_are_given_once(tmp_path: Path) -> None:
    again = '[[reader]]\nname = "dock-1"\ndriver = "llrp"\nhost = "10.0.0.22"\n'
    assert problems(tmp_path, GOOD + again) == ["reader[1].name: 'dock-1' is taken by reader[0]"]


HEAD = '[gateway]\nid = "gw-1"\nsite = "s1"\n'
WITH_SECRETS = {
    "before a slash": HEAD + 'broker = "mqtt://gw:hunter2/x@host"',
    "with a letter that is none": HEAD + 'broker = "mqtt://gw:hunter2\u2100@host"',
    "in an array": HEAD + 'broker = ["mqtt://gw:hunter2@host"]',
    "as the table": HEAD + 'broker = "mqtt://host"\nauth = "hunter2"',
    "in tables": HEAD + 'broker = "mqtt://host"\nauth = [{ password = "hunter2" }]',
    "unknown key": HEAD + 'broker = "mqtt://host"\npassword = "hunter2"',
    "for a file": HEAD + 'broker = "mqtt://host"\nauth = { password_file = ["hunter2"] }',
}


@pytest.mark.parametrize("text", WITH_SECRETS.values(), ids=WITH_SECRETS)
def test_a_password_in_the_wrong_place_does_not_show(tmp_path: Path, text: str) -> None:
    told = problems(tmp_path, text)
    assert any(problem.startswith("gateway.") for problem in told)
    assert "hunter2" not in "".join(told)


HOSTILE = {
    "a key of 30,000 parts": f"{HEAD}x{'.y' * 30_000} = 1",
    "quoted parts": HEAD + "x" + '. "y"' * 30_000 + " = 1",
    "nested for ever": "x = " + "[" * 100_000,
    "an endless number": f"{HEAD}outbox_events_at_most = {'9' * 5000}",
    "unknown keys": "".join(f"k{n} = 1\n" for n in range(50_000)),
    "20,000 readers": '[[reader]]\nname = "r"\ndriver = "llrp"\nhost = "h"\n' * 20_000,
    "10,000 doors": '[[door]]\nname = "D"\nantennas = [{ reader = "r", antenna = 1, side = "inside" }]\n' * 10_000,
    "a name no file can have": GOOD.replace("[[reader]]", f'auth = {{ password_file = "{"a" * 4000}" }}\n[[reader]]'),
    "a driver's endless name": GOOD.replace("llrp", "x" * 500_000),
    "a zero in a path": GOOD.replace("[[reader]]", 'outbox = "a\\u0000b"\n[[reader]]'),
    "a folder as file": GOOD.replace("[[reader]]", 'outbox = "/"\n[[reader]]'),
    "what a terminal obeys": GOOD.replace("[[reader]]", '"\\u001b[2Jx" = 1\n[[reader]]'),
    "an endless key": GOOD.replace("[[reader]]", f"{'k' * 500_000} = 1\n[[reader]]"),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_told_in_a_few_printable_lines(tmp_path: Path, text: str) -> None:
    told = problems(tmp_path, text)
    assert 0 < len(told) <= 101
    assert sum(map(len, told)) < 20_000
    assert all(problem.isprintable() for problem in told)


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    assert load(written(tmp_path, "\ufeff" + GOOD), {}).address.gateway == "gw-1"


def test_readers_and_sensors_at_the_gateways_broker_are_its_user(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("right\n")
    more = '[[sensor]]\nbin = "A"\nquantity = "mass_kg"\nsource = "esphome"\nnode = "n"\nentity = "e"\n'
    text = GOOD.replace("[[reader]]", '[gateway.auth]\npassword_file = "secret"\n[[reader]]')
    text = text.replace('driver = "llrp"\nhost = "10.0.0.21"', 'driver = "zebra"').replace("photo_eyes", "# ")
    config = load(written(tmp_path, text + more), {})
    zebra, sensors = (reader.settings for reader in config.readers)
    assert isinstance(zebra, ZebraSettings)
    assert isinstance(sensors, BinSensors)
    assert {zebra.line.broker.username, sensors.broker.username, config.broker.username} == {"hangzhou-1.gw-1"}


@pytest.mark.parametrize("text", ["", "gateway = 7", "reader = 1\ndoor = {}", "[[gateway]]", "= no", "\x00"])
def test_nonsense_is_told_without_a_traceback(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "none.toml", {})


def test_the_password_comes_from_a_file_or_the_environment_and_never_shows(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from-file\n")
    file = written(tmp_path, GOOD.replace("[[reader]]", '[gateway.auth]\npassword_file = "secret"\n[[reader]]'))
    assert load(file, {}).broker.password == "from-file"
    config = load(file, {PASSWORD_VARIABLE: "from-environment"})
    assert config.broker.password == "from-environment"
    assert "from-environment" not in repr(config)


def test_a_password_from_the_environment_needs_no_file(tmp_path: Path) -> None:
    file = written(tmp_path, GOOD.replace("[[reader]]", '[gateway.auth]\npassword_file = "gone"\n[[reader]]'))
    assert load(file, {PASSWORD_VARIABLE: "right"}).broker.password == "right"


def test_tls_goes_with_mqtts(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("")
    tls = '[gateway.tls]\nca_file = "ca.pem"\n[[reader]]'
    text = GOOD.replace("[[reader]]", tls)
    assert problems(tmp_path, text) == ["gateway.tls: goes with a broker address that begins with mqtts://"]
    broker = load(written(tmp_path, text.replace("mqtt://", "mqtts://")), {}).broker
    assert broker.tls is not None
    assert broker.tls.ca_file == tmp_path / "ca.pem"
