"""Which runs a sweep takes for done."""

import pytest
import yaml

from sae_src.sweeps.existing import is_trained


@pytest.mark.parametrize(
    ("noted", "checkpoint", "is_done"),
    [(5, 5, True), (5, None, True), (None, None, False), (3, None, False), (5, 3, False)],
)
def test_runs_whose_checkpoints_are_gone_are_done_where_they_note_their_end(noted, checkpoint, is_done, tmp_path):
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"budget": 5}))
    completed = {} if noted is None else {"completed": {"step": noted, "evaluation": "eval"}}
    (tmp_path / "info.yaml").write_text(yaml.safe_dump(completed))
    if checkpoint is not None:
        folder = tmp_path / f"ckpt{checkpoint}"
        folder.mkdir()
        (folder / "model.pth.tar").touch()
    assert is_trained(tmp_path) == is_done
