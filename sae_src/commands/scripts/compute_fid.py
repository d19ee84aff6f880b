"""`fig compute-fid`: its help, and what it runs."""

from omnilearn.config import Node, script


@script("compute-fid")
def compute_fid(config: Node) -> object:
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
