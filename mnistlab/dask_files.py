"""Dask's own settings files, which it reads as it is imported: whoever imports it first asks here whether they are fit.

Those are a user's for other clusters, too; one that is malformed keeps Dask from being imported at all.
"""

from mnistlab.errors import ConfigError


def check() -> None:
    """Import Dask.

    Raises:
        ConfigError: one of its files is malformed; the message names it, and the line where it tells that.
    """
    try:
        import dask  # noqa: F401 - 0.1 s the first time
    except ValueError as error:
        reason = " ".join(str(error).replace("^", "").split()).rstrip(" :")
        raise ConfigError(
            f"Dask, on which the engine stands, cannot read its settings: {reason}. Mend that file, or move it away."
        ) from error
