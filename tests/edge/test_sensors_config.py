"""`[[sensor]]` tables: what they become, and what each mistake is told."""

from pathlib import Path

import pytest
from tagdock_edge.config.sensor_model import MappedValue, SparkplugMetric, TasmotaField
from tagdock_edge.config_file import load
from tagdock_edge.errors import ConfigError
from tagdock_edge.readers.bin_sensors import BinSensors

HEAD = '[gateway]\nid = "gw-1"\nsite = "s1"\nbroker = "mqtt://127.0.0.1:1884"\n'
SCALE = '[[sensor]]\nbin = "A-01-1"\nsource = "homeassistant"\nentity = "scale/mass"\nquantity = "mass_kg"\n'
TASMOTA = '[[sensor]]\nbin = "A-01-1"\nsource = "tasmota"\ndevice = "bin_a"\nfield = "HX711.Weight"\n'
SPARKPLUG = '[[sensor]]\nbin = "A-01-1"\nsource = "sparkplug"\ngroup = "g"\nnode = "n"\nmetric = "battery_pct"\n'
MAPPED = '[[sensor]]\nbin = "A-01-1"\nsource = "mapped"\ntopic = "bins/a"\nquantity = "mass_kg"\n'


def readers(folder: Path, text: str) -> list[BinSensors]:
    file = folder / "gateway.toml"
    file.write_text(HEAD + text)
    found = [reader.settings for reader in load(file, {}).readers]
    return [each for each in found if isinstance(each, BinSensors)]


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        readers(folder, text)
    return [problem.split("gateway.toml: ", 1)[1] for problem in caught.value.problems]


def test_a_gateway_may_have_sensors_and_nothing_else(tmp_path: Path) -> None:
    (reader,) = readers(tmp_path, SCALE)
    (sensor,) = reader.sensors
    assert (sensor.name, sensor.watch.settle_s, sensor.calibration.scale) == ("A-01-1 mass_kg", 3.0, 1.0)
    assert (reader.broker.host, reader.broker.port) == ("127.0.0.1", 1884)


def test_a_name_that_tells_the_quantity_is_enough(tmp_path: Path) -> None:
    (reader,) = readers(tmp_path, TASMOTA + SPARKPLUG)
    assert [sensor.quantity for sensor in reader.sensors] == ["mass_kg", "battery_pct"]
    assert reader.sensors[0].origin == TasmotaField("bin_a", "HX711.Weight")
    assert reader.sensors[1].origin == SparkplugMetric("g", "n", None, "battery_pct")


def test_who_reports_by_exception_is_not_stale_by_silence(tmp_path: Path) -> None:
    (reader,) = readers(tmp_path, TASMOTA + SPARKPLUG)
    assert [sensor.watch.stale_s for sensor in reader.sensors] == [900.0, 0.0]
    assert [sensor.watch.settled_by_silence_s for sensor in reader.sensors] == [0.0, 0.0]


def test_sensors_of_one_broker_are_one_reader(tmp_path: Path) -> None:
    other = SPARKPLUG + 'broker = "mqtt://10.0.0.9:1883"\n'
    first, second = readers(tmp_path, SCALE + other)
    assert [sensor.quantity for sensor in first.sensors] == ["mass_kg"]
    assert second.broker.host == "10.0.0.9"


def test_a_mapping_of_ones_own(tmp_path: Path) -> None:
    (reader,) = readers(tmp_path, MAPPED + 'mapping = { value = { path = "w", unit = "g" }, time = "at" }\n')
    origin = reader.sensors[0].origin
    assert isinstance(origin, MappedValue)
    assert origin.mapping.rows(b'{"w": 1500, "at": "2026-01-05T08:00:00Z"}').rows == [(1.5, 1_767_600_000_000_000)]


MISTAKES: dict[str, tuple[str, str]] = {
    "no bin": (SCALE.replace('bin = "A-01-1"\n', ""), "sensor[0].bin: is missing"),
    "no source": (SCALE.replace('source = "homeassistant"\n', ""), "sensor[0].source: is missing; give one of homea"),
    "another source": (SCALE.replace('"homeassistant"', '"zigbee"'), "must be one of homeassistant, esphome, tasmota"),
    "no quantity": (SCALE.replace('quantity = "mass_kg"\n', ""), "sensor[0].quantity: is missing; give one of mass_kg"),
    "another quantity": (SCALE.replace("mass_kg", "weight"), "sensor[0].quantity: must be one of mass_kg"),
    "a wildcard": (SCALE.replace("scale/mass", "scale/#"), "sensor[0].entity: must be the entity"),
    "a topic level with a slash": (TASMOTA.replace("bin_a", "a/b"), "sensor[0].device: must be"),
    "an unknown key": (SCALE + "deadband = 1\n", "sensor[0].deadband: is not known; did you mean dead_band?"),
    "another unit": (SCALE + 'unit = "mm"\n', "sensor[0].unit: must be one of g, kg"),
    "a unit for a count": (SCALE.replace("mass_kg", "count") + 'unit = "x"\n', "must be left out: count has no units"),
    "scale 0": (SCALE + "scale = 0\n", "sensor[0].scale: is 0"),
    "a scale that is no number": (SCALE + "scale = nan\n", "sensor[0].scale: must be a number"),
    "full without empty": (
        SCALE.replace("mass_kg", "distance_mm") + "full_mm = 90\n",
        "sensor[0].empty_mm: and full_mm belong together",
    ),
    "empty nearer than full": (
        SCALE.replace("mass_kg", "distance_mm") + "full_mm = 90\nempty_mm = 80\n",
        "sensor[0].empty_mm: is 80; the empty bin's floor is further away",
    ),
    "items of a distance": (
        SCALE.replace("mass_kg", "distance_mm") + "unit_mass_kg = 1\n",
        "unit_mass_kg: is not known",
    ),
    "heartbeat after stale": (SCALE + "stale_s = 60\n", "sensor[0].heartbeat_s: is 300; it has to be below stale_s"),
    "low above high": (SCALE + "low = 5\nhigh = 4\n", "sensor[0].low: is 5, which is not below high (4)"),
    "twice": (SCALE + TASMOTA, "sensor[1].quantity: mass_kg of bin A-01-1 is told by sensor[0] already"),
    "a count twice": (
        SCALE + "unit_mass_kg = 1\n" + TASMOTA.replace("HX711.Weight", "HX711.Count"),
        "sensor[1].quantity: count of bin A-01-1 is told by sensor[0] already",
    ),
    "no mapping": (MAPPED, "sensor[0].mapping: is missing"),
    "a mapping without a value": (MAPPED + 'mapping = { time = "at" }\n', "sensor[0].mapping.value: is missing"),
    "a unit beside the mapping": (
        MAPPED + 'unit = "g"\nmapping = { value = "w" }\n',
        "unit: belongs into mapping.value",
    ),
    "a level that nobody uses": (
        MAPPED.replace("bins/a", "bins/{bin}") + 'mapping = { value = "w" }\n',
        "level {bin} is used nowhere",
    ),
    "a secret in the address": (SCALE + 'broker = "mqtt://me:secret@b"\n', "sensor[0].broker: must not hold user"),
    "a secret without a broker": (
        SCALE + 'auth = { username = "me" }\n',
        "auth: goes with a broker of the sensor's own",
    ),
    "as a reader": ('[[reader]]\nname = "r"\ndriver = "bin_sensors"\n', "write those"),
}


@pytest.mark.parametrize(("text", "told"), MISTAKES.values(), ids=MISTAKES)
def test_each_mistake_names_its_key_and_the_remedy(text: str, told: str, tmp_path: Path) -> None:
    found = problems(tmp_path, text)
    assert any(told in problem for problem in found), found
    assert not any("secret" in problem for problem in found)
