"""What TensorBoard shows of a run beside its curves: texts, settings and scores of all runs, joint charts."""

import re

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.hparams import metadata

SMALL = "--dataset.num-samples 600 --budget 4 --validation.freq 2 --records.freq 1 --viz null --device cpu"


@pytest.fixture
def made(fig):
    def make(configs: str, keys: str = ""):
        folder = fig(f"train {configs} d/vec {SMALL} {keys}")
        (path,) = folder.glob("events.out.*")  # one process, one file: the evaluation at the end included
        events = EventAccumulator(str(path))
        events.Reload()
        return events

    return make


def columns(events: EventAccumulator):
    contents = events.summary_metadata
    experiment = metadata.parse_experiment_plugin_data(contents["_hparams_/experiment"].plugin_data.content)
    start = contents["_hparams_/session_start_info"].plugin_data.content
    session = metadata.parse_session_start_info_plugin_data(start)
    settings = {name: value.string_value or value.number_value for name, value in session.hparams.items()}
    return [info.name for info in experiment.hparam_infos], [m.name.tag for m in experiment.metric_infos], settings


def test_settings_have_the_same_columns_in_every_run(made):
    names, scores, settings = columns(made("hybrid a/e/conv12 a/d/strc/12 m/ae"))
    others, other_scores, other_settings = columns(made("a/conv12 m/vae"))
    assert sorted(names) == sorted(others) == sorted(settings) == sorted(other_settings)
    assert scores == other_scores and {"loss/val", "eval/DCI-disentanglement"} <= set(scores)
    assert (settings["model"], other_settings["model"]) == ("SAE-12", "VAE")
    assert settings["other keys"] == "--dataset.num_samples 600 --validation.freq 2"
    assert settings["learning rate"] == 0.001 and settings["latents"] == "12"


def test_texts(made):
    events = made("a/conv12 m/ae", "--latent-dim 5")
    texts = {tag: events.Tensors(tag)[0].tensor_proto.string_val[0].decode() for tag in events.Tags()["tensors"]}
    assert "    latent_dim: 5" in texts["config/text_summary"]
    assert "version of torch: " in texts["machine/text_summary"] and "seed: 0" in texts["machine/text_summary"]
    assert {"command/text_summary", "model-str/text_summary", "model-optim-str/text_summary"} <= set(texts)


def test_training_and_validation_share_a_chart(made):
    events = made("a/conv12 m/vae")
    content = events.Tensors("custom_scalars__config__")[0].tensor_proto.string_val[0]
    (category,) = layout_pb2.Layout.FromString(content).category
    patterns = {chart.title: chart.multiline.tag[0] for chart in category.chart}
    assert set(patterns) == {"loss", "rec-loss", "reg-loss"}
    shown = [tag for tag in events.Tags()["scalars"] if re.match(patterns["rec-loss"], tag)]
    assert sorted(shown) == ["rec-loss/train", "rec-loss/val"]
