import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tagdock_contract import schema
from tagdock_contract.events import MAX_EVIDENCE_DEPTH


def test_the_schema_files_are_what_the_types_say() -> None:
    assert schema.stale_files() == []


@pytest.mark.parametrize("name", sorted(schema.build()))
def test_each_schema_is_a_schema(name: str) -> None:
    Draft202012Validator.check_schema(schema.build()[name])


def test_check_fails_on_a_stale_file_and_writing_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(schema, "FOLDER", tmp_path / "schemas")
    assert schema.main(["--check"]) == 1
    assert "batch.schema.json" in capsys.readouterr().err
    assert schema.main([]) == 0
    (tmp_path / "schemas" / "ack.schema.json").write_text("{}")
    assert schema.main(["--check"]) == 1
    assert capsys.readouterr().err.startswith("stale: ack.schema.json. Run")
    assert schema.main([]) == schema.main(["--check"]) == 0


def test_the_module_runs_as_a_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tagdock_contract.schema", "--check"], capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


@given(st.integers(1, 12))
def test_the_schema_bounds_evidence_as_deep_as_the_decoder_does(depth: int) -> None:
    batch = schema.build()["batch.schema.json"]
    evidence = {"$ref": f"#/$defs/EvidenceLevel{MAX_EVIDENCE_DEPTH - 1}", "$defs": batch["$defs"]}
    value: object = 1
    for _ in range(depth):
        value = [value]
    assert Draft202012Validator(evidence).is_valid(value) == (depth < MAX_EVIDENCE_DEPTH)
