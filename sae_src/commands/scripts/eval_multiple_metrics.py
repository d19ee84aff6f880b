"""`fig eval-multiple-metrics`: its help, and what it runs."""

from omnilearn.config import Node, script


@script("eval-multiple-metrics")
def eval_multiple_metrics(config: Node) -> object:
    """Compute metrics of many runs; those that have them are skipped, a failure does not stop the rest.

    fig eval-multiple-metrics eval/shapes --runs 'shapes_*'

        --runs all | PATTERN | '[NAME, NAME]'    runs under the save folder; names may also be folders anywhere

        --unfinished yes        those too that have not come to their budget

    All other keys are those of eval-metrics, without --load, --path and --resume. Exit code 2 if any run failed.
    """
    from sae_src.eval_metrics.command import eval_multiple_metrics as run_script

    return run_script(config)
