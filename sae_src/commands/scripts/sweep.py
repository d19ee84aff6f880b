"""`fig sweep`: its help, and what it runs."""

from omnilearn.config import Node, script


@script("sweep")
def sweep(config: Node) -> object:
    """Make the runs of a sweep that are not there yet: models x data x keys x seeds, and what comes after.

    fig sweep sweep/vec --workers 2

        FILE                one of config/sweep/, or any YAML file:
                                sweep:
                                  models:
                                    AE: hybrid a/conv12 m/ae
                                    wide AE: {configs: hybrid a/conv12 m/ae, keys: {width: 128}}
                                  data: d/vec                   (or a list)
                                  seed: [0, 1, 2]
                                  keys: {budget: 20000, reg-wt: [1, 2]}     (a list crosses)
                                  then: [eval --mode test, eval-metrics eval/fast]
                                  search:          (draw numbers, guided by a score; pip install -e .[search])
                                    keys: {model.optim.lr: {from: 1.0e-4, to: 1.0e-2, log: yes}, reg-wt: [1, 2]}
                                    score: eval.rec_loss
                                    direction: minimise
                                    trials: 20     (for each model on each data set)
        --print             write the commands that are left, and stop
        --workers N         runs at a time, the cores shared out (1, or one per GPU)
        --gpus 0,1          GPUs to spread them over
        --retry failed      try those again that failed before
        --only N | LIST     the runs of these numbers alone
        --submit yes        submit a task for each run that is left to Slurm, and stop (pip install -e .[slurm]);
                            local: tasks on this machine
        --wait yes          wait for the tasks to end
        --sbatch FILE       write an array script for Slurm that does the same, and stop
        --slurm.OPTION V    an option of sbatch for either, such as --slurm.partition gpu --slurm.time 04:00:00; without
                            --sbatch or --submit local it submits
        --pack FILE         put what there is of its runs, with their newest checkpoints, into a file, and stop
        --unpack FILE       put the runs of such a file beside those that there are, and stop
        --accept-changes yes  go on with runs that another version of torch, or another device, has begun
        --saveroot FOLDER   folder of all runs (OMNILEARN_SAVE_DIR, else ./trained_nets)

    A run is found again by what it is: its config, seed and budget. What is finished is skipped, what was interrupted
    goes on, so the same command goes on after Ctrl-C or a crash, and several may work on one folder. Logs are in
    _sweeps/NAME/ of that folder. Exit code 2 if any run failed, 4 if it was stopped.
    """
    from sae_src.sweeps.command import sweep as run_script

    return run_script(config)
