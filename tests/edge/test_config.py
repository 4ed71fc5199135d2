"""The configuration: what is taken, and what each mistake is told."""

from pathlib import Path

import pytest
from tagdock_edge.config import PASSWORD_VARIABLE
from tagdock_edge.config_file import load
from tagdock_edge.errors import ConfigError
from tagdock_edge.readers.llrp_settings import AntennaSettings, LlrpSettings

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
        "gateway.broker: is no address (Port out of range 0-65535); write mqtt://HOST:PORT",
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


def test_tls_goes_with_mqtts(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("")
    tls = '[gateway.tls]\nca_file = "ca.pem"\n[[reader]]'
    text = GOOD.replace("[[reader]]", tls)
    assert problems(tmp_path, text) == ["gateway.tls: goes with a broker address that begins with mqtts://"]
    broker = load(written(tmp_path, text.replace("mqtt://", "mqtts://")), {}).broker
    assert broker.tls is not None
    assert broker.tls.ca_file == tmp_path / "ca.pem"
