"""`fig compare`: its help, and what it runs."""

from omnilearn.config import Node, script


@script("compare")
def compare(config: Node) -> object:
    """Compare the scores of runs: a row for each model on each data set, with what the seeds allow to say.

    fig compare --runs all --scores rec_loss,dci.disentanglement,mig --out table.md

        --runs all | PATTERN | '[NAME, NAME]'    which runs
        --where CONDITIONS      those of them that meet these, as for runs: 'sweep=mini seed<3'
        --by LIST               a row for each (model,data); also method, sweep, budget, or a setting such as reg_wt
        --scores LIST           such as rec_loss, test_results.rec_loss, dci.disentanglement; a metric alone means its
                                disentanglement, else its first score (one evaluation, and one score of each metric)
        --udr yes               UDR of the runs of a row too: how much a model resembles those of the other seeds (as
                                --scores udr); their codes are computed each time
        --unfinished yes        runs too that have not come to their budget
        --chance yes            compute the chance level of metrics where it is not known: the scores of random codes,
                                as long as eval-metrics takes; stored with the data, and shown from then on
        --out FILE              .csv, .md, .tex, .json or .txt: write it there; a CSV has every number in a column;
                                .png or .pdf: bars with every seed, and reconstruction against disentanglement
        --saveroot FOLDER       folder of all runs (OMNILEARN_SAVE_DIR, else ./trained_nets)

    Values are means over seeds with standard deviation and 95% interval. Runs whose settings differ by more than the
    seed are told and kept apart. `~` marks what the seeds do not tell from the best: paired where the same were run.
    """
    from sae_src.comparison.command import compare as run_script

    return run_script(config)
