"""The scripts of the command line; each imports what it needs when it runs, so that `fig -h` stays quick."""

from omnilearn.config.registry import script


@script("train")
def train(config):
    """Train a model and evaluate it, or go on with a run.

    fig train CONFIG ... --key value ...
    fig train --resume NAME

    Name an architecture, a method and a data set; the leftmost config wins, a key wins over every config:
        fig train hybrid a/e/conv12 a/d/strc/12 m/ae d/vec --seed 1

    Length
        --budget N                training steps
        --validation.freq N       steps between passes over the validation part (null: never)
        --validation.mode NAME    the part (val); --validation.step-limit N: at most N batches of it
        --checkpoint.freq N       steps between checkpoints; --checkpoint.keep N: how many stay (all)
        --viz.freq N              steps between pictures for TensorBoard
        --records.freq N          steps between points of the curves
        --print.freq N            steps between lines on the console
        --include-eval no         skip the evaluation at the end
        --fid null                no FID in it (--fid.KEY V: see fig eval -h); --factor-distance null likewise
        --evaluation.mode NAME    the part it runs on (val); --evaluation.ident NAME: the name of its results;
                                  --evaluation.step-limit N: at most N batches of it
    Where and how
        --name NAME               name of the run instead of the one made from the configs
        --name-include-date no    leave the date out of the name
        --info.extra TEXT         add to the name
        --saveroot FOLDER         folder of all runs (OMNILEARN_SAVE_DIR, else ./trained_nets)
        --device cpu|cuda|cuda:1  default: the GPU where there is one
        --threads N               CPU threads (default: 1 for vectors, torch's own number for images)
        --deterministic yes       only exactly repeatable kernels on a GPU (slower)
        --time-limit HOURS        save and exit with code 3 when it is reached
        --precision bf16          forward passes in bfloat16 (default float32)
        --seed N                  seed of everything (0)
    Data
        --dataset.batch-size N    observations in a batch
        --dataset.split.val R     share of the observations for validation
        --dataset.shuffle, --dataset.drop-last, --dataset.shuffle-split
    Model
        --latent-dim N            number of latents
        --reg-wt W                weight of the regulariser (beta of a VAE)
        --model.nonlin NAME       nonlinearity of all layers
        --model.optim.lr R        learning rate; other keys of the optimiser likewise
        --model.encoder.layers.0.KEY VALUE    any key of any layer
    Pictures
        --viz-latent, --viz-rec, --viz-gen-prior, --viz-gen-hybrid, --viz-traversals, --force-viz    yes or no
    Going on
        --resume NAME|PATH        with --budget, frequencies, --time-limit, --device and --saveroot only
        --resume auto             the newest unfinished run of the same configs and keys, else a new one
        --accept-changes yes      resume although torch or the run's config.yaml has changed

    Any other parameter of a component is a key too: its name in Python, at or above its place in the config.
    """
    from sae_src.commands.train import train_or_resume

    return train_or_resume(config)


@script("download-dataset")
def download_dataset(config):
    """Get the files of a data set, or say what a person has to fetch.

    fig download-dataset d/3ds
    fig download-dataset d/mpi --cat real

        CONFIG              a config of d/, with its keys
        --dataroot FOLDER   folder of all data (OMNILEARN_DATA_DIR, else ./local_data)
        --dataset.KEY V     any key of the data set
    """
    from sae_src.commands.download import download

    return download(config)


@script("compute-fid")
def compute_fid(config):
    """Compute the statistics of a data set that the FID of samples needs, once.

    fig compute-fid d/3ds --mode test

    Needs pytorch-fid (pip install pytorch-fid) and the weights of its network.

        CONFIG              a config of d/, with its keys
        --mode SET          train (default; used for all but the test set), test or full
        --dim N             number of features: 64, 192, 768 or 2048 (default); also --fid-dim
        --n-samples N       images, all different, at most as many as there are (50000); --seed N: which (0)
        --batch-size N      images at once (50)
        --weights FILE      pt_inception-2015-12-05-6726825d.pth, where it is not below the data folder
        --download          get the weights (91 MB) and the data where they are missing
        --root FOLDER       folder of all data (OMNILEARN_DATA_DIR, else ./local_data)
        --out FILE          another file than fid_stats.h5 beside the data; also --out-path, --save-path
        --ident NAME        another name for the set in that file
        --overwrite yes     compute what is there already
        --device cpu|cuda   default: the GPU where there is one
    """
    from sae_src.sample_quality.compute_fid import compute_fid as run_script

    return run_script(config)


@script("train-factor-net")
def train_factor_net(config):
    """Train the small network of the Fréchet distance (factor net), on images with known factors.

    fig train-factor-net d/shapes

    About two minutes on two CPU cores. From then on evaluations of models of these images measure that distance.

        CONFIG              a config of d/, with its keys
        --steps N           training steps (500); --batch-size N: images in a step (96)
        --n-samples N       images of the training and of the test set that samples are compared with (10000)
        --seed N            seed of the weights and of all draws (0)
        --out FILE          another file than factor_net.pth.tar beside the data
        --device cpu|cuda   default: the GPU where there is one
    """
    from sae_src.sample_quality.train_factor_net import train_and_keep_factor_net

    return train_and_keep_factor_net(config)


@script("eval")
def evaluate(config):
    """Evaluate a trained run on a part of its data.

    fig eval --load NAME --mode test --ident test_results

        --load NAME|PATH    the run: a name under the save folder, or a folder anywhere
        --mode PART         val (default: the part held out from training), train, test or full
        --ident NAME        name of the results: NAME.pth.tar and NAME.json in the run's folder (eval)
        --ckpt-num N        the checkpoint of step N (default: the newest)
        --step-limit N      at most N batches
        --fid.n-samples N   samples of each kind for the FID (50000); --fid.dim N: features (2048); --fid null: no FID
        --fid.kinds LIST    of rec, prior, hybrid, hyb-grp (whole segments); default: what the model is made for
        --fid.weights FILE, --fid.download yes    the weights of its network (91 MB)
        --skip-rec-fid yes, --skip-hyb-fid yes    leave out reconstructions, hybrids
        --factor-distance.n-samples N, --factor-distance null    likewise for the distance of the factor net (10000)
        --override.KEY V    replace a value of the run's config
        --device, --saveroot    as for train
    """
    from sae_src.evaluate import evaluate_run

    return evaluate_run(config)


@script("eval-metrics")
def eval_metrics(config):
    """Compute disentanglement metrics and latent responses of a trained run.

    fig eval-metrics eval/3ds --load NAME
    fig eval-metrics eval/fast eval/shapes --load NAME

    eval/3ds, eval/mpi, eval/shapes, eval/celeba, eval/scm hold the published sizes and name the data; without a config
    of eval/ the data are those of the run. eval/fast in front makes everything small. All observations are used,
    whatever part the run was trained on.

    Which run
        --load NAME|PATH        the run: a name under the save folder, or a folder anywhere (also --path FOLDER)
        --ckpt-num N            the checkpoint of step N (default: the newest)
        --override.KEY V        replace a value of the run's config
        --saveroot FOLDER       folder of all runs (OMNILEARN_SAVE_DIR, else ./trained_nets)
        --device cpu|cuda       default: the GPU where there is one
    What is computed
        --metrics '[mig, dci]'  of irs, fairness, unsupervised, modularity-explicitness, sap, mig, dci, responses (these
                                are the default), factor-vae, beta-vae
        --num-train N           points to train on (10000); votes or examples of factor-vae and beta-vae
        --num-test N            points to test on (5000); votes or examples likewise
        --num-latent N          latents for their scales and covariance (10000)
        --num-response N        latents for the response matrix (100)
        --num-groups N          interventions on each factor (50)
        --dist-type NAME        size of a response: rms (default), sqr, abs, l1, l2
        --force-different no    an intervention may keep the value that it replaces
        --normalize no          responses in units of the latents instead of their standard deviations
        --include-q no          leave the latents of the interventions out of the results
        --num-test-points-per-class N (100, fairness), --num-variance-estimate N (10000, factor-vae),
        --batch-size N (64, factor-vae and beta-vae), --diff-quantile R (0.99, irs), --continuous-factors yes (sap)
        --seed N                seed of all draws (0)
        --jobs N                processes for the boosted trees of dci and fairness (-1: one per core)
        --backend presort       train them four times as fast as scikit-learn (default: sklearn), to nearly the same
                                scores
        --dataset.KEY V         a key of the data that the config of eval/ names
    What becomes of it
        --save-ident NAME       name of the results in the run's folder: NAME.pth.tar, NAME.json (metrics)
        --force-save yes        compute and write although the results are there already
        --force-run yes         compute although they are there; written only where they are not (default: force-save)
        --mode NAME             beginning of the tags in TensorBoard (default: save-ident; eval/...: eval)
        --log-stats no          nothing for TensorBoard
        --figure-dir FOLDER     figures go there as RUN_*.png and .pdf instead of into the run's figures/
    """
    from sae_src.eval_metrics.command import eval_metrics as run_script

    return run_script(config)


@script("eval-multiple-metrics")
def eval_multiple_metrics(config):
    """Compute metrics of many runs; those that have them are skipped, a failure does not stop the rest.

    fig eval-multiple-metrics eval/shapes --runs 'shapes_*'

        --runs all | PATTERN | '[NAME, NAME]'    runs under the save folder; names may also be folders anywhere

    All other keys are those of eval-metrics, without --load and --path. Exit code 2 if any run failed.
    """
    from sae_src.eval_metrics.command import eval_multiple_metrics as run_script

    return run_script(config)
