"""`fig train`: its help, and what it runs."""

from omnilearn.config import Node, script


@script("train")
def train(config: Node) -> object:
    """Train a model and evaluate it, or go on with a run.

    fig train CONFIG ... --key value ...
    fig train --resume NAME
    fig train --from NAME --update decoder --budget N

    Name an architecture, a method and a data set; the leftmost config wins, a key wins over every config:
        fig train hybrid a/e/conv12 a/d/strc/12 m/ae d/vec --seed 1

    Length
        --budget N                training steps
        --validation.freq N       steps between passes over the validation part (null: never)
        --validation.mode NAME    the part (val); --validation.step-limit N: at most N batches of it
        --checkpoint.freq N       steps between checkpoints; --checkpoint.keep N: how many stay (all)
        --viz.freq N              steps between pictures for TensorBoard
        --records.freq N          steps between points of the curves; --records.scores LIST: the columns of HPARAMS
        --print.freq N            steps between lines on the console
        --mirror._type NAME       numbers for TensorBoard go to wandb, trackio or mlflow too; --mirror.KEY V: its keys
        --include-eval no         skip the evaluation at the end
        --fid null                no FID in it (--fid.KEY V: see fig eval -h); --factor-distance null likewise
        --evaluation.mode NAME    the part it runs on (val); --evaluation.ident NAME: the name of its results;
                                  --evaluation.step-limit N: at most N batches of it
        --eval-batch-size N       observations at once in validations and evaluations (by default what is fastest), for
                                  methods of which the scores do not depend on it
    Where and how
        --name NAME               name of the run instead of the one made from the configs
        --name-include-date no    leave the date out of the name
        --labels.sweep NAME, --labels.model NAME    what info.yaml notes the run under
        --info.extra TEXT         add to the name; --run._type NAME: how names are made (sae-run)
        --saveroot FOLDER         folder of all runs (OMNILEARN_SAVE_DIR, else ./trained_nets)
        --device cpu|cuda|cuda:1  default: the GPU where there is one
        --threads N|auto          CPU threads (default: 1 for vectors, torch's own number for images); auto: measured
        --compile no|yes|auto     compile the losses (default: no), or where it pays; numbers differ in the last digits
        --deterministic yes       only exactly repeatable kernels on a GPU (slower)
        --time-limit HOURS        save and exit with code 3 when it is reached
        --precision P             float32 (default), bf16 or, on a GPU, fp16 or tf32: of forward passes
        --weight-average R        share of an average of the weights that each step keeps; it is what is saved (0.999)
        --seed N                  seed of everything (0)
    Data
        --dataset.batch-size N    observations in a batch
        --dataset.split.val R     share of the observations for validation
        --dataset.shuffle, --dataset.drop-last, --dataset.shuffle-split
        --dataset.pairs RULE      how the partners of observations differ, for methods that train on pairs
        --dataset.holdout '{FACTOR: [0, 1]}'      hold these values out from training; a list of such tables: each
                                  combination that meets all conditions of one
        --dataset.correlate '[[FACTOR, FACTOR]]'  train on factors that go together, with --dataset.strength R (0.4 to
                                  0.04, smaller is stronger)
        --dataset.train-on whole  hold out for evaluations only
    Model
        --latent-dim N            number of latents
        --reg-wt W                weight of the regulariser (beta of a VAE)
        --model.nonlin NAME       nonlinearity of all layers
        --model.optim.lr R        learning rate; other keys of the optimiser likewise
        --model.encoder.layers.0.KEY VALUE    any key of any layer
    Pictures
        --viz-latent, --viz-rec, --viz-gen-prior, --viz-gen-hybrid, --viz-traversals, --force-viz    yes or no
        --viz.without LIST        names of other pictures to leave out
    Going on
        --resume NAME|PATH        with keys that cannot change the experiment only: --budget, --device, --threads,
                                  --time-limit, --saveroot, frequencies, what is evaluated (docs/runs.md has all); they
                                  may also be written --override.KEY V
        --resume auto             the newest unfinished run of the same configs and keys, else a new one
        --accept-changes yes      resume although torch or the run's config.yaml has changed

    Starting with the weights of a run
        --from NAME|PATH          a new run with its config, trained on all the data where that run held some out; keys
                                  and configs go over it
        --update PART             encoder, decoder or both (default): the other part stays as it is

    Any other parameter of a component is a key too: its name in Python, at or above its place in the config.
    """
    from sae_src.commands.train import train_or_resume

    return train_or_resume(config)
