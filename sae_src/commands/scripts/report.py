"""`fig report`: its help, and what it runs."""

from omnilearn.config import Node, script


@script("report")
def report(config: Node) -> object:
    """Write many runs as one page that opens from disk: tables, curves, pictures, responses, a latent explorer.

    fig report --runs 'shapes_*' --out report.html

        --runs all | PATTERN | '[NAME, NAME]'    which runs
        --where CONDITIONS      those of them that meet these, as for runs: 'sweep=mini seed<3'
        --by LIST               what the table has a row for (model,data), as for compare
        --scores LIST           the scores in the tables, as for compare; the page of a run has all of its own
        --unfinished yes        runs too that have not come to their budget
        --out FILE              the page, .html (report.html)
        --overwrite yes         replace it where it is there already
        --observations N        observations of the test set whose latents are explored (3)
        --steps N               values of each latent in the explorer (11)
        --device DEVICE         where models run (cuda if there is one, else cpu)
        --saveroot FOLDER       folder of all runs (OMNILEARN_SAVE_DIR, else ./trained_nets)

    It needs `pip install -e .[report]`. The page fetches nothing, and no text of a run in it can become code.
    """
    from sae_src.report.command import report as run_script

    return run_script(config)
