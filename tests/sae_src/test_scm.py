"""Random structural causal models: the published example, their data, and interventions that mean what they say."""

import pytest
import torch

import sae_src as sae
from omnilearn.assembly import build_data, build_model
from omnilearn.config import build, find
from sae_src.scm import LinearSCM, RandomSCM, SCMInterventions, random_scm

# The model of seed 0 with 8 variables, as published.
SEED = 2428777163
WEIGHTS = {
    (1, 7): 0.95941,
    (3, 0): -3.78746,
    (3, 1): 3.83490,
    (3, 2): -4.40048,
    (3, 6): -1.86106,
    (4, 1): -1.98459,
    (5, 3): 4.67557,
    (5, 4): 1.47035,
    (7, 0): -1.47153,
}


@pytest.fixture(scope="module")
def scm() -> LinearSCM:
    return random_scm(8, 0)


@pytest.fixture
def sampler() -> SCMInterventions:
    return SCMInterventions(RandomSCM(num_samples=50, seed=0))


def test_the_published_example(scm):
    assert scm.seed == SEED
    assert {tuple(edge) for edge in scm.adjacency.nonzero().tolist()} == set(WEIGHTS)
    for (cause, effect), weight in WEIGHTS.items():
        assert scm.weights[cause, effect].item() == pytest.approx(weight, abs=1e-5)


@pytest.mark.parametrize("nodes", [1, 2, 3, 8, 20])
def test_causes_come_before_effects_and_weights_are_not_small(nodes):
    for seed in range(5):
        scm = random_scm(nodes, seed)
        assert sorted(scm.order) == list(range(nodes))
        for cause, effect in scm.adjacency.nonzero().tolist():
            assert scm.order.index(cause) < scm.order.index(effect)
        sizes = scm.weights[scm.adjacency].abs()
        assert ((sizes >= 0.5) & (sizes <= 5)).all()


def test_samples_solve_the_equations(scm):
    samples = scm.sample(1000, generator=torch.Generator().manual_seed(1))
    noise = samples - samples @ scm.weights
    expected = torch.randn(1000, 8, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(noise, expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("noise", "mean", "std"),
    [("normal", 0, [1.0] * 8), ("gaussian", 0, torch.linspace(0.1, 3, 8)), ("exponential", 1, [1.0] * 8)],
)
def test_noise(noise, mean, std):
    scm = random_scm(8, 0, noise)
    samples = scm.sample(20_000, generator=torch.Generator().manual_seed(2))
    found = samples - samples @ scm.weights
    torch.testing.assert_close(found.std(0), torch.as_tensor(std), rtol=0.05, atol=0)
    assert (found.mean(0) - mean).abs().max() < 0.1


def test_an_intervention_sets_the_variable_and_its_effects_follow(scm):
    generator = torch.Generator()
    free = scm.sample(500, generator=generator.manual_seed(3))
    low = scm.sample(500, {3: -1.0}, generator=generator.manual_seed(3))
    high = scm.sample(500, {3: 2.0}, generator=generator.manual_seed(3))
    assert (low[:, 3] == -1).all() and (high[:, 3] == 2).all()
    # Not the causes, and not what is beside.
    for i in (4, 5):
        assert torch.equal(low[:, i], free[:, i])
    # Direct effects move by three times their weight, 7 only through 1, 0 both ways.
    for effect in (1, 2, 6):
        torch.testing.assert_close(
            high[:, effect] - low[:, effect], torch.full((500,), 3 * scm.weights[3, effect].item())
        )
    through_1 = scm.weights[3, 1] * scm.weights[1, 7]
    torch.testing.assert_close(high[:, 7] - low[:, 7], torch.full((500,), 3 * through_1.item()))
    both = scm.weights[3, 0] + through_1 * scm.weights[7, 0]
    torch.testing.assert_close(high[:, 0] - low[:, 0], torch.full((500,), 3 * both.item()), rtol=1e-4, atol=1e-4)


def test_data_is_the_same_for_a_seed_whatever_was_drawn_before():
    torch.manual_seed(5)
    one = RandomSCM(num_samples=50, seed=4)
    torch.rand(7)
    other = RandomSCM(num_samples=50, seed=4)
    torch.rand(3)
    indices = torch.arange(50)
    assert torch.equal(one.batch(indices), other.batch(indices))
    assert torch.equal(one.labels(indices), other.labels(indices))
    assert one.din == 8 and one.factor_names == [str(i) for i in range(8)]


def test_intervene(sampler):
    variables, observations = sampler.intervene(2, 1.5, count=10)
    assert variables.shape == (10, 8) and (variables[:, 2] == 1.5).all()
    assert torch.equal(observations, variables)
    drawn, _ = sampler.intervene(2)
    assert drawn.shape == (128, 8) and drawn[:, 2].unique().numel() == 1 and drawn[0, 2].abs() <= 5
    assert all(drawn[:, i].unique().numel() > 100 for i in range(8) if i != 2)


def test_full_intervention_leaves_one_variable_free(sampler):
    variables, _ = sampler.full_intervention(0, range(8), count=2000)
    for i in range(1, 8):
        assert (variables[:, i] == i).all()
    scm = sampler.dataset.scm
    assert variables[:, 0].mean().item() == pytest.approx(float(torch.arange(8.0) @ scm.weights[:, 0]), abs=0.1)
    assert variables[:, 0].std().item() == pytest.approx(1, abs=0.1)
    drawn, _ = sampler.full_intervention(0)
    assert sum(drawn[:, i].unique().numel() == 1 for i in range(8)) == 7


def test_mistakes_are_named(sampler):
    for call in (lambda: sampler.intervene(8), lambda: sampler.full_intervention(-1)):
        with pytest.raises(ValueError, match="from 0 to 7"):
            call()
    with pytest.raises(ValueError, match="expected 8 values, got 2"):
        sampler.full_intervention(0, [1, 2])
    with pytest.raises(ValueError, match="batch_size"):
        SCMInterventions(sampler.dataset, batch_size=0)


def test_config_follows_the_published_seeds():
    config = sae.create_config("a/conv12", "m/ae", "d/scm", **{"dataset.num_samples": 500})
    data = build_data(config)
    assert data.dataset.scm.seed == SEED and data.dataset.din == 100
    # The split is drawn where drawing the weights left torch's generator: 9 edges, 2 weights drawn twice.
    torch.manual_seed(SEED)
    torch.rand(11)
    assert torch.equal(data.subset("val").indices, torch.randperm(500)[:50])
    model = build_model(config, data.dataset.din)
    assert torch.isfinite(model.losses(data.subset("train").batch(torch.arange(16)))["loss"])


def test_sampler_from_a_config():
    config = sae.create_config("d/scm", **{"dataset.num_samples": 50, "sampler._type": "scm-interventions"})
    sampler = build(find(config, "sampler"), SCMInterventions)
    variables, observations = sampler.intervene(1, 0.5)
    assert variables.shape == (128, 8) and observations.shape == (128, 100)
    assert sampler.adjacency.sum() == 9
