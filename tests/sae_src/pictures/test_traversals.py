"""Traversals: which values the moved latent takes, how much it changes the output, and where its tile is."""

import pytest
import torch

from sae_src.pictures.traversals import animation_frames, effects, middle_factors, traverse


def test_one_latent_moves_over_its_range_and_the_others_stay():
    latent = torch.randn(3, 4)
    moved = traverse(latent, lambda each: each, steps=5)
    assert moved.shape == (3, 4, 5, 4)
    for sample in range(3):
        for dimension in range(4):
            column = latent[:, dimension]
            for step in range(5):
                expected = latent[sample].clone()
                expected[dimension] = torch.lerp(column.min(), column.max(), step / 4)
                assert torch.allclose(moved[sample, dimension, step], expected, atol=1e-6)


@pytest.mark.parametrize("steps", [4, 6])
def test_effects_compare_images_half_a_traversal_apart(steps):
    traversals = torch.randn(2, 3, steps, 3, 2, 4)
    half = steps // 2
    for sample in range(2):
        for dimension in range(3):
            images = traversals[sample, dimension]
            pairs = [(images[step + half] - images[step]).abs().max(dim=0).values.mean() for step in range(half)]
            expected = sum(pairs) / half
            assert effects(traversals)[sample, dimension].item() == pytest.approx(expected.item(), rel=1e-5)


def test_effects_of_latents_of_known_strength():
    strength = torch.tensor([0.0, 1.0, 3.0])
    latent = torch.tensor([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    moved = traverse(latent, lambda each: (each @ strength).view(-1, 1, 1, 1).expand(-1, 2, 3, 3))
    assert torch.allclose(effects(moved), (10 / 19 * strength).expand(2, 3), atol=1e-6)  # 10 of 19 equal steps


def test_an_animation_has_a_tile_for_each_dimension():
    traversals = torch.randn(2, 6, 5, 3, 4, 7)
    frames = animation_frames(traversals)
    assert frames.shape == (5, 3, 2 * 4, 3 * 7)
    for dimension in range(6):
        top, left = dimension // 3 * 4, dimension % 3 * 7
        assert torch.equal(frames[:, :, top : top + 4, left : left + 7], traversals[1, dimension])
    assert torch.equal(animation_frames(traversals[:1]), animation_frames(traversals, sample=0))


@pytest.mark.parametrize(("number", "factors"), [(1, (1, 1)), (7, (1, 7)), (12, (3, 4)), (16, (4, 4)), (100, (10, 10))])
def test_middle_factors(number, factors):
    assert middle_factors(number) == factors
