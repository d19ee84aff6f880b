"""What the writer writes is what TensorBoard reads: numbers, texts, images, figures and animations."""

import io
from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from omnilearn.figures import new_figure
from omnilearn.tensorboard.writer import TensorBoardWriter, gif, tag_of


def written(folder, write: Callable[[TensorBoardWriter], None]) -> EventAccumulator:
    with TensorBoardWriter(folder) as writer:
        write(writer)
    events = EventAccumulator(str(folder), size_guidance={"images": 0, "scalars": 0, "histograms": 0})
    events.Reload()
    return events


def pixels(event) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(event.encoded_image_string)))


def test_numbers(tmp_path):
    def write(writer):
        writer.scalar("one", 1.5, 3)
        writer.scalars("{}/val", {"rec_loss": 2.5, "loss": 4.0}, 7)

    events = written(tmp_path, write)
    found = {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
    assert found == {"one": [(3, 1.5)], "rec-loss/val": [(7, 2.5)], "loss/val": [(7, 4.0)]}


def test_a_text_is_preformatted(tmp_path):
    events = written(tmp_path, lambda writer: writer.text("words", "a\n  b", 2))
    (event,) = events.Tensors("words/text_summary")
    assert event.tensor_proto.string_val[0].decode() == "    a\n      b"


def test_histograms_of_finite_values_only(tmp_path):
    def write(writer):
        writer.histogram("fine", torch.tensor([1.0, 2.0, 2.0]), 1)
        writer.histogram("broken", torch.tensor([1.0, float("nan")]), 1)
        writer.histogram("endless", torch.tensor([1.0, float("inf")]), 1)

    events = written(tmp_path, write)
    assert events.Tags()["histograms"] == ["fine"]
    histogram = events.Histograms("fine")[0].histogram_value
    assert (histogram.min, histogram.max, histogram.num, histogram.sum) == (1, 2, 3, 5)


def test_an_image_keeps_its_pixels_and_is_clamped(tmp_path):
    image = torch.rand(3, 4, 6)
    image[:, 0, 0], image[:, 3, 5] = -1, 2
    (event,) = written(tmp_path, lambda writer: writer.image("image", image, 5)).Images("image")
    shown = pixels(event)
    assert (event.step, event.width, event.height) == (5, 6, 4)
    assert np.abs(shown / 255 - image.clamp(0, 1).permute(1, 2, 0).numpy()).max() < 0.005


def test_a_figure_is_as_large_as_it_says(tmp_path):
    figure = new_figure(figsize=(3, 2))
    figure.subplots().plot([1, 2])
    (event,) = written(tmp_path, lambda writer: writer.figure("figure", figure, 1)).Images("figure")
    assert (event.width, event.height) == (300, 200)
    assert pixels(event).shape == (200, 300, 4)


@pytest.mark.parametrize("channels", [1, 3])
def test_an_animation_has_its_frames_in_order_and_at_its_speed(tmp_path, channels):
    frames = torch.linspace(0, 1, 5).view(5, 1, 1, 1).expand(5, channels, 4, 6)
    (event,) = written(tmp_path, lambda writer: writer.animation("moving", frames, 10, 1)).Images("moving")
    assert (event.width, event.height) == (6, 4)
    animation = Image.open(io.BytesIO(event.encoded_image_string))
    assert (animation.format, animation.n_frames, animation.info["loop"]) == ("GIF", 5, 0)
    for frame in range(5):
        animation.seek(frame)
        assert animation.info["duration"] == 100
        assert abs(np.asarray(animation.convert("RGB")).mean() / 255 - frame / 4) < 0.01


def test_before_each_frame_the_animation_may_be_called_off():
    asked = []

    def stop():
        asked.append(1)
        if len(asked) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        gif(torch.rand(5, 3, 4, 4), 10, before_each=stop)
    assert len(asked) == 3


def test_tags():
    assert tag_of("{}/train", "rec_loss") == "rec-loss/train"
    assert tag_of("eval/{}", "a_b_c") == "eval/a-b-c"
