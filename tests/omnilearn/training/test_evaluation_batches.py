"""Passes in batches of their own: the same observations, the same scores, and what asks for the batches of training."""

import json

import pytest
import torch

import sae_src as sae
from omnilearn.data import BatchSampler
from omnilearn.device import fastest_batch_size
from omnilearn.errors import UserError
from omnilearn.evaluation.evaluate import evaluate, evaluation_mode, observations_at, regrouped
from omnilearn.precision import evaluation_precision, use_precision
from sae_src.methods import Autoencoder

KEYS = "--dataset.num-samples 600 --budget 2 --device cpu --name-include-date no --viz null"


@pytest.fixture(scope="module")
def data():
    from omnilearn.assembly import build_data

    return build_data(sae.create_config("d/vec", **{"dataset.num_samples": 5000, "dataset.split": {"val": 0.2}}))


class Counted(torch.nn.Module):
    """A model of a data set, noting the sizes of the batches."""

    def __init__(self, model):
        super().__init__()
        self.model, self.sizes, self.seen = model, [], []

    @property
    def is_evaluated_singly(self):
        return self.model.is_evaluated_singly

    def losses(self, batch):
        self.sizes.append(len(batch))
        self.seen.append(batch)
        return self.model.losses(batch)


def passed(data, method, **settings):
    model = Counted(sae.build_model("hybrid", "a/conv12", method, "d/vec", shape=data.dataset.din))
    subset = data.subset("val")
    batches = BatchSampler(len(subset), 64, 0, drop_last=True)
    return evaluate(model, subset, batches, 0, **settings), model


@pytest.mark.parametrize("method", ["m/ae", "m/vae", "m/wae", "m/swae"])
def test_scores_do_not_depend_on_the_batches_of_the_pass(data, method):
    (default, model), subset = passed(data, method), data.subset("val")
    batches = BatchSampler(len(subset), 64, 0, drop_last=True)
    with torch.inference_mode(), torch.random.fork_rng(), evaluation_mode(model):
        torch.manual_seed(0)
        each = [model.model.losses(subset.batch(positions))["loss"].item() for positions in batches.one_epoch()]
    assert default.scores["loss"] == pytest.approx(sum(each) / len(each), rel=1e-6)
    assert default.samples == 960  # 15 of 64 out of 1000: as drop_last of the training batches says
    assert len(default.first["original"]) == len(default.last["original"]) == 64
    if model.is_evaluated_singly:
        assert model.sizes == [64, 832, 64]
        smaller, model = passed(data, method, batch_size=100)
        assert model.sizes == [64, *[100] * 8, 32, 64]
        assert smaller.scores == pytest.approx(default.scores, rel=1e-6)
    else:
        assert method in ("m/wae", "m/swae") and model.sizes == [64] * 15


def test_all_is_seen_in_the_order_of_the_batches():
    batches = torch.arange(103).split(10)
    for size in (1, 7, 1000):
        assert torch.equal(torch.cat(list(regrouped(batches, size))), torch.arange(103))
    assert [len(part) for part in regrouped(batches[:1], 5)] == [10]
    assert [len(part) for part in regrouped(batches[:2], 5)] == [10, 10]


def test_observations_that_are_read_ahead(shapes_root):
    from omnilearn.data import Subset
    from omnilearn.data.shapes.dataset import Shapes

    shapes = Shapes(shapes_root)
    subset, parts = Subset(shapes, torch.arange(50)), torch.arange(20).split(8)
    for observations, positions in zip(observations_at(parts, subset), parts, strict=True):
        assert torch.equal(observations, subset.batch(positions))
    assert list(observations_at([], subset)) == []
    with pytest.raises(IndexError):  # of the reader, where it was asked
        list(observations_at([torch.tensor([0]), torch.tensor([10**6])], subset))


def test_every_class_says_it_for_itself():
    class Silent(Autoencoder):
        def regulariser(self, latent):
            return latent.std()

    class Renamed(Autoencoder):
        """The same by another name."""

    assert not Silent.is_evaluated_singly.fget(Silent.__new__(Silent))
    assert Renamed.is_evaluated_singly.fget(Renamed.__new__(Renamed))


def test_the_fastest_size():
    assert fastest_batch_size(100, torch.device("cpu")) == 2621
    assert fastest_batch_size(3 * 64 * 64, torch.device("cpu")) == 21
    assert fastest_batch_size(10**9, torch.device("cuda")) == 1


def test_a_batch_size_that_would_change_scores(fig):
    with pytest.raises(UserError, match=r"^eval_batch_size: the scores of this method depend on the batches"):
        fig(f"train hybrid a/conv12 m/wae d/vec {KEYS} --eval-batch-size 256")
    with pytest.raises(UserError, match=r"^eval_batch_size: must be at least 1, got 0"):
        fig(f"train hybrid a/conv12 m/ae d/vec {KEYS} --eval-batch-size 0")


def test_precisions_of_a_gpu():
    cpu, cuda = torch.device("cpu"), torch.device("cuda")
    for precision in ("tf32", "fp16"):
        with pytest.raises(UserError, match=f"^precision: {precision} needs a GPU"):
            use_precision(precision, cpu)
        assert evaluation_precision(precision, cpu) == "float32"
        assert evaluation_precision(precision, cuda) == precision
    assert evaluation_precision("bf16", cpu) == "bf16"


@pytest.mark.slow
def test_a_run_in_bf16_is_evaluated_in_bf16(fig):
    run = fig(f"train hybrid a/conv12 m/ae d/vec {KEYS} --precision bf16 --validation null --name halved")
    fig("eval --load halved --eval-batch-size 32 --device cpu")  # the same evaluation: nothing to overwrite
    fig("eval --load halved --override.precision float32 --ident other --device cpu")
    half, full = (json.loads((run / f"{name}.json").read_text()) for name in ("eval", "other"))
    assert half["settings"]["precision"] == "bf16" and "precision" not in full["settings"]
    assert half["scores"]["loss"] != full["scores"]["loss"]
    assert half["scores"]["loss"] == pytest.approx(full["scores"]["loss"], rel=0.01)
