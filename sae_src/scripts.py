"""The scripts of the command line; each imports what it needs when it runs, so that `fig -h` stays quick."""

from omnilearn.config.registry import script


@script("train")
def train(config):
    """Train a model and evaluate it.

    fig train CONFIG ... --key value ...
    """
    import sae_src.components  # noqa: F401 - registers what configs name
    from omnilearn.training.train import train

    return train(config)


@script("eval")
def evaluate(config):
    """Evaluate a trained run on a part of its data.

    fig eval --load NAME --mode test --ident test_results
    """
    import sae_src.components  # noqa: F401 - registers what configs name
    from sae_src.evaluate import evaluate_run

    return evaluate_run(config)
