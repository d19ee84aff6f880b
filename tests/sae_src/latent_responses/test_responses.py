"""Interventions, response matrices, factor responses, their scores, and response maps."""

import numpy as np
import pytest
import torch
from torch.distributions import Normal

from sae_src.latent_responses import factor_responses as factors
from sae_src.latent_responses import response_maps as maps
from sae_src.latent_responses import scores
from sae_src.responses import compute_response, distance, intervene, response, response_matrix
from tests.conftest import reference

GOLDEN = reference("golden_metrics.json")["responses"]
LATENTS = torch.tensor(GOLDEN["Q"])
SCALES = torch.tensor(GOLDEN["scales"])
DISTANCES = ("rms", "sqr", "abs", "l1", "l2")
FIRST = torch.sin(torch.arange(24) + 1.0).view(4, 6)
SECOND = torch.cos(0.5 * torch.arange(24)).view(6, 4)


def decode(latents):
    return torch.tanh(latents @ FIRST)


def encode(samples):
    return samples @ SECOND


def identity(values):
    return values


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("dist", DISTANCES)
def test_response_matrix_of_the_reference(dist):
    result = response_matrix(LATENTS, encode, decode, SCALES, dist, shuffle=False)
    torch.testing.assert_close(result, torch.tensor(GOLDEN[dist]), rtol=1e-5, atol=1e-6)


def test_response_matrix_of_the_reference_without_scales():
    result = response_matrix(LATENTS, encode, decode, shuffle=False)
    torch.testing.assert_close(result, torch.tensor(GOLDEN["rms_noscale"]), rtol=1e-5, atol=1e-6)


def test_response_matrix_of_the_reference_with_shuffled_rows():
    result = response_matrix(LATENTS, encode, decode, SCALES, seed=0)
    torch.testing.assert_close(result, torch.tensor(GOLDEN["rms_shuffled_manual_seed0"]), rtol=1e-5, atol=1e-6)


def test_interventions_and_responses_of_the_reference():
    result = compute_response(LATENTS, encode, decode, shuffle=False)
    for ours, key in zip(result, ("H", "Y", "Q2"), strict=True):
        torch.testing.assert_close(ours, torch.tensor(GOLDEN[key]), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("force_different", [True, False])
def test_batched_responses_equal_those_one_by_one(force_different):
    arguments = {"force_different": force_different, "seed": 2}
    interventions, responses, base = compute_response(LATENTS, encode, decode, **arguments, batch_size=3)
    for intervened, responded in zip(interventions, responses, strict=True):
        single = torch.cat([encode(decode(row.unsqueeze(0))) for row in intervened])
        torch.testing.assert_close(responded, single, rtol=0, atol=1e-5)
    whole = compute_response(LATENTS, encode, decode, **arguments)
    torch.testing.assert_close(whole.responses, responses, rtol=0, atol=1e-5)
    torch.testing.assert_close(whole.reference, base, rtol=0, atol=1e-5)


@pytest.mark.parametrize("shuffle", [True, False])
def test_forced_interventions_take_the_value_of_another_row(shuffle):
    latents = torch.arange(20.0).view(5, 4)
    ordered, interventions = intervene(latents, shuffle=shuffle, generator=generator())
    assert torch.equal(ordered.sort(dim=0).values, latents)
    assert torch.equal(ordered, latents) != shuffle
    for dim, intervened in enumerate(interventions):
        changed = intervened != ordered
        assert changed[:, dim].all()
        assert changed.sum() == 5
        assert torch.equal(intervened[:, dim], ordered[:, dim].roll(-1))


def test_free_interventions_permute_every_column():
    latents = torch.arange(400.0).view(100, 4)
    ordered, interventions = intervene(latents, force_different=False, generator=generator())
    assert torch.equal(ordered, latents)
    columns = interventions.diagonal(dim1=0, dim2=2)
    assert torch.equal(columns.sort(dim=0).values, latents)
    assert len({tuple((column // 4).tolist()) for column in columns.T}) == 4


def test_groups_are_intervened_on_as_one_by_one():
    latents = torch.randn(3, 5, 4, generator=generator(1))
    for force_different in (True, False):
        together = intervene(latents, force_different=force_different, generator=generator())
        draws = generator()
        for group in range(3):
            alone = intervene(latents[group], force_different=force_different, generator=draws)
            assert torch.equal(together[0][group], alone[0])
            assert torch.equal(together[1][group], alone[1])


def test_a_distribution_counts_by_its_mean():
    def encode_distribution(samples):
        return Normal(encode(samples), torch.full((len(samples), 4), 5.0))

    expected = response_matrix(LATENTS, encode, decode)
    assert torch.equal(response_matrix(LATENTS, encode_distribution, decode), expected)


def test_no_gradients():
    latents, weights = LATENTS.clone().requires_grad_(), SECOND.clone().requires_grad_()
    assert not response_matrix(latents, lambda samples: samples @ weights, decode).requires_grad


def test_the_identity_responds_to_its_own_latent_only():
    matrix = response_matrix(LATENTS, identity, identity)
    assert torch.equal(matrix, matrix.diagonal().diag())
    assert (matrix.diagonal() > 0).all()


def test_global_generators_are_left_alone_and_the_seed_repeats():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    first = response_matrix(LATENTS, encode, decode, seed=1)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(9)
    assert torch.equal(response_matrix(LATENTS, encode, decode, seed=1), first)
    assert not torch.equal(response_matrix(LATENTS, encode, decode, seed=2), first)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="at least 2"):
        response_matrix(LATENTS[:1], encode, decode)
    with pytest.raises(ValueError, match="dist must be one of rms, sqr, abs, l1, l2, not 'max'"):
        response_matrix(LATENTS, encode, decode, dist="max")


def test_responses_keep_the_shape():
    assert response(LATENTS.view(7, 1, 4), encode, decode, batch_size=2).shape == (7, 1, 4)


def test_full_interventions_vary_one_factor_only():
    groups = factors.full_intervention((4, 3, 5), 2, 6, generator=np.random.default_rng(0))
    assert groups.shape == (6, 5, 3)
    assert (groups[:, :, 2] == np.arange(5)).all()
    assert (groups[:, :, :2] == groups[:, :1, :2]).all()
    assert len(np.unique(groups[:, 0, :2], axis=0)) > 1


def test_single_interventions_fix_one_factor_only():
    samples = factors.single_intervention((4, 3, 5), 1, 200, generator=np.random.default_rng(0))
    assert [len(np.unique(column)) for column in samples.T] == [4, 1, 5]


def test_factor_groups_encode_observations():
    seen = []

    def observe(rows):
        seen.append(len(rows))
        return torch.as_tensor(rows, dtype=torch.float32).view(len(rows), 1, -1)

    def encode_observations(observations):
        return Normal(observations.flatten(1) + 1, torch.ones(len(observations), 3))

    groups = factors.factor_groups(observe, (4, 3, 5), 6, encode=encode_observations, batch_size=7)
    assert [tuple(group.shape) for group in groups] == [(6, 4, 3), (6, 3, 3), (6, 5, 3)]
    assert max(seen) == 7
    assert torch.equal(groups[1][0, :, 1], torch.tensor([1.0, 2.0, 3.0]))
    codes = factors.factor_groups(lambda rows: rows + 1.0, (4, 3, 5), 6)
    assert all(torch.equal(a.double(), b) for a, b in zip(groups, codes, strict=True))


@pytest.mark.parametrize("dist", DISTANCES)
def test_factor_responses_are_response_matrices_of_groups(dist):
    groups = [torch.randn(3, values, 4, generator=generator(values)) for values in (5, 2)]
    result = factors.factor_responses(groups, encode, decode, SCALES, dist, shuffle=False, batch_size=16)
    assert result.shape == (2, 3, 4, 4)
    for k, g in np.ndindex(2, 3):
        single = response_matrix(groups[k][g], encode, decode, SCALES, dist, shuffle=False)
        torch.testing.assert_close(result[k, g], single, rtol=1e-5, atol=1e-5)


def test_a_factor_of_one_value_has_no_responses():
    groups = [torch.ones(2, 1, 4), torch.rand(2, 3, 4)]
    result = factors.factor_responses(groups, encode, decode)
    assert result[0].isnan().all()
    assert not result[1].isnan().any()
    assert all(np.isnan(value) for value in scores.response_scores(result).values())


def factor_responses_of(mixing: torch.Tensor) -> torch.Tensor:
    """Responses of a faithful autoencoder whose latents are the factors times a matrix."""
    groups = factors.factor_groups(lambda rows: torch.as_tensor(rows).float() @ mixing, (4, 3, 5), 8)
    return factors.factor_responses(groups, identity, identity)


def test_scores_of_a_disentangled_code():
    result = scores.response_scores(factor_responses_of(torch.eye(3)))
    assert result == {key: pytest.approx(1) for key in result}
    assert len(result) == 5


def test_scores_of_a_rotated_code():
    result = scores.response_scores(factor_responses_of(torch.eye(3) - 2 / 3))
    assert all(value < 0.9 for value in result.values())


def test_completeness_falls_when_a_factor_takes_two_latents():
    conditioned = torch.tensor([[1.0, 1, 0], [0, 0, 1]])
    assert scores.causal_disentanglement_score(conditioned) == pytest.approx(1)
    assert scores.causal_completeness_score(conditioned) == pytest.approx(2 / 3)
    assert scores.rescaled_causal_completeness_score(conditioned) == pytest.approx(0.5)


def test_rescaled_scores_of_chance_are_zero():
    even = torch.ones(4, 5)
    assert scores.causal_disentanglement_score(even) == pytest.approx(1 / 4)
    assert scores.causal_completeness_score(even) == pytest.approx(1 / 5)
    assert scores.rescaled_causal_disentanglement_score(even) == pytest.approx(0, abs=1e-6)
    assert scores.rescaled_causal_completeness_score(even) == pytest.approx(0, abs=1e-6)


def test_scores_by_their_formulas():
    responses = torch.rand(3, 4, 5, 5, generator=generator())
    minimum = responses.min(dim=1).values
    strongest = torch.tensor([[max(minimum[f, d].tolist()) for d in range(5)] for f in range(3)])
    expected = sum(max(strongest[:, d].tolist()) for d in range(5)) / strongest.sum()
    assert scores.disentanglement(responses) == pytest.approx(float(expected))
    conditioned = scores.conditioned_response_matrix(responses)
    assert conditioned[1, 2] == pytest.approx(float(responses[1, :, 2, 2].mean()))


def test_scores_without_responses_or_with_one_of_each_are_nan():
    assert all(np.isnan(value) for value in scores.response_scores(torch.zeros(2, 3, 4, 4)).values())
    single = scores.response_scores(torch.ones(1, 3, 1, 1))
    assert np.isnan(single["causal_disentanglement_rescaled"])
    assert np.isnan(single["causal_completeness_rescaled"])
    assert single["disentanglement"] == 1


def contracting(factor: float):
    return lambda latents: factor * latents


def test_response_map_of_a_contraction():
    base = torch.tensor([9.0, 0.5, 9.0])
    result = maps.response_map(base, identity, contracting(0.5), (2, 0), extent=1, steps=5, batch_size=4)
    spacing = 0.5
    assert result.latents.shape == (5, 5, 3)
    assert (result.latents[..., 1] == 0.5).all()
    assert torch.equal(result.latents[:, 0, 2], torch.linspace(-1, 1, 5))
    assert torch.equal(result.latents[0, :, 0], torch.linspace(-1, 1, 5))
    torch.testing.assert_close(maps.magnitude(result), 0.5 * result.latents.norm(dim=-1))
    # u = -z / 2 has divergence -1 in the plane, and one grid step is half a unit.
    torch.testing.assert_close(maps.divergence(result), torch.full((5, 5), -1 * spacing))


def test_mean_curvature_of_a_radial_field():
    steps, extent = 201, 2.0
    result = maps.response_map(torch.zeros(2), identity, contracting(0.0), extent=extent, steps=steps)
    curvature = maps.mean_curvature(result)
    assert curvature.isfinite().all()
    # The lines of equal distance to the origin are circles of curvature 1 / r; u points inwards.
    radius = result.latents.norm(dim=-1)
    spacing = 2 * extent / (steps - 1)
    outside = radius > 0.5
    torch.testing.assert_close(curvature[outside], (spacing / (2 * radius))[outside], rtol=2e-2, atol=0)


def test_response_maps_follow_numpy():
    result = maps.response_map(torch.zeros(4), encode, decode, (1, 3), steps=6)
    field = result.field.numpy()
    expected = np.gradient(field[..., 1], axis=0) + np.gradient(field[..., 3], axis=1)
    np.testing.assert_allclose(maps.divergence(result).numpy(), expected, atol=1e-6)


def test_response_map_needs_a_plane():
    with pytest.raises(ValueError, match="two different latents"):
        maps.response_map(torch.zeros(3), encode, decode, (1, 1))


@pytest.mark.parametrize("dist", DISTANCES)
def test_distances_by_their_formulas(dist):
    differences = torch.randn(6, 3, generator=generator())
    values = differences / torch.tensor([1.0, 2.0, 4.0])
    expected = {
        "rms": (values**2).mean(0) ** 0.5,
        "sqr": (values**2).mean(0),
        "abs": values.abs().mean(0),
        "l1": values.norm(p=1, dim=0),
        "l2": values.norm(p=2, dim=0),
    }[dist]
    torch.testing.assert_close(distance(differences, torch.tensor([1.0, 2.0, 4.0]), dist), expected)
