"""`fig download-dataset`: its help, and what it runs."""

from omnilearn.config import Node, script


@script("download-dataset")
def download_dataset(config: Node) -> object:
    """Get the files of a data set, or say how to get by hand what cannot be downloaded.

    fig download-dataset d/3ds
    fig download-dataset d/mpi --cat real

        CONFIG              a config of d/, with its keys
        --dataroot FOLDER   folder of all data (OMNILEARN_DATA_DIR, else ./local_data)
        --sources FILE      a table of addresses that goes before the packaged one (OMNILEARN_SOURCES)
        --dataset.KEY V     any key of the data set
    """
    from sae_src.commands.download import download

    return download(config)
