"""`fig eval-metrics`: its help, and what it runs."""

from omnilearn.config import Node, script


def _metrics() -> str:
    from sae_src.eval_metrics.documentation import help_lines

    return "\n".join(
        ["Metrics, and keys of their own with the defaults; a key reaches all metrics that have it", *help_lines()]
    )


@script("eval-metrics", more_help=_metrics)
def eval_metrics(config: Node) -> object:
    """Compute disentanglement metrics and latent responses of a trained run.

    fig eval-metrics eval/3ds --load NAME
    fig eval-metrics eval/fast eval/shapes --load NAME

    eval/3ds, eval/mpi, eval/shapes, eval/cars3d, eval/smallnorb, eval/celeba, eval/scm hold the published sizes and
    name the data; without a config of eval/ the data are those of the run. eval/fast in front makes everything small.
    All observations are used, whatever part the run was trained on.

    Which run
        --load NAME|PATH        the run: a name under the save folder, or a folder anywhere (also --path,
                                --resume)
        --runs all|PATTERN      many runs instead: names, patterns or '[NAME, NAME]', as for eval-multiple-metrics,
                                and --unfinished yes
        --ckpt-num N            the checkpoint of step N (default: the newest)
        --override.KEY V        replace a value of the run's config
        --saveroot FOLDER       folder of all runs (OMNILEARN_SAVE_DIR, else ./trained_nets)
        --device cpu|cuda       default: the GPU where there is one
    What is computed
        --metrics '[mig, dci]'  which of the metrics below
        --num-train N           points to train on (10000); votes or examples of factor-vae and beta-vae
        --num-test N            points to test on (5000); votes or examples likewise
        --num-latent N          latents for their scales and covariance (10000)
        --KEY V                 a key of a single metric, see below
        --seed N                seed of all draws (0)
        --threads N             CPU threads of the model (default: OMP_NUM_THREADS, else all cores)
        --jobs N                processes for trees and forests (-1: one per core)
        --backend sklearn       scikit-learn trains the boosted trees, in four times the time (default: presort); scores
                                differ as those of two seeds do
        --chance no             without the chance level of every score: that of random codes, with the same data,
                                number of codes and settings; computed once, and kept in chance_scores of the data
                                folder
        --bootstrap N           95% intervals of the scores from N resamples of the points (0: none)
        --dataset.KEY V         a key of the data that the config of eval/ names
    What becomes of it
        --save-ident NAME       name of the results in the run's folder: NAME.pth.tar, NAME.json (metrics)
        --force-save yes        compute although the results are there already, and replace them
        --force-run yes         compute although they are there, and leave them, their figures and their points in
                                TensorBoard as they are
        --mode heldout, --mode rest    only of what dataset.holdout held out from training, or of the rest; the results
                                are called metrics_heldout and metrics_rest
        --mode NAME             beginning of the tags in TensorBoard (default: save-ident; eval/...: eval); what
                                looks like heldout or rest is refused
        --preset NAME           word for small sizes, which is kept with the results (eval/fast: fast): where another
                                evaluation finds such results, it computes its own
        --log-stats no          nothing for TensorBoard
        --figure-dir FOLDER     figures go there as RUN_*.png and .pdf instead of into the run's figures/
        --titles yes            a title above each figure
    """
    from sae_src.eval_metrics.command import eval_metrics as run_script

    return run_script(config)
