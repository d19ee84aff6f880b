"""`fig runs`: its help, and what it runs."""

from omnilearn.config import Node, script


@script("runs", builds=False)
def runs(config: Node) -> object:
    """List the runs under the save folder.

    fig runs --where 'method=vae seed=0 state=finished' --sort loss

        --runs PATTERN | LIST   which (all)
        --where CONDITIONS      column=value, also !=, <, >, <=, >=; values may be patterns such as 'SAE-*'
        --sort COLUMN           by what (name); -COLUMN: the other way round
        --format table|csv|json as what
        --saveroot FOLDER       folder of all runs (OMNILEARN_SAVE_DIR, else ./trained_nets)

    Columns: name, data, method, model, sweep, seed, step, budget, state, loss (the best validation loss), begun, size,
    problem. States: running, finished, interrupted, failed, damaged.
    """
    from sae_src.comparison.listing import list_runs

    return list_runs(config)
