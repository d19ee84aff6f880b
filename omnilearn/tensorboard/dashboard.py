"""What TensorBoard shows of a run beside its curves: settings and scores of all runs in one table, joint charts."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
from torch.utils.tensorboard import summary


def settings_and_scores(
    settings: Mapping[str, bool | float | str], scores: Sequence[str], *, first: Collection[str] = ()
) -> list[Summary]:
    """What the tab HPARAMS shows of a run.

    TensorBoard takes the columns of all runs from the first run it finds: one whose columns are other ones would lack
    values there. So runs that are compared give the same names, in `settings` and in `scores`.

    Args:
        settings: a number, a text, or yes and no for each name.
        scores: the tags of the scalars that are the scores; the latest point of each counts.
        first: the names of settings that are shown before one asks for others.
    """
    experiment, session, _ = summary.hparams(dict(settings), dict.fromkeys(scores, 0.0))
    metadata = experiment.value[0].metadata.plugin_data
    content = HParamsPluginData.FromString(metadata.content)
    for info in content.experiment.hparam_infos:
        info.differs = info.name in first  # TensorBoard shows first what is said to differ between runs
    metadata.content = content.SerializeToString()
    return [experiment, session]


def joint_charts(names: Iterable[str]) -> Summary:
    """What the tab CUSTOM SCALARS shows: for each name, one chart with its curves of all parts of the data."""
    charts = {name: ["Multiline", [rf"^{name}/(?!eval$).*"]] for name in names}
    return summary.custom_scalars({"training beside validation": charts})
