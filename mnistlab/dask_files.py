"""Check Dask's own settings files, which it reads on import, before anything relies on them.

A user may have these for other clusters; one that is malformed keeps Dask from being imported at all.
"""

from importlib import import_module

from mnistlab.errors import ConfigError


def check(module: str = "dask") -> None:
    """Check that a module of Dask, which reads its settings, can be imported: 0.1 s for `dask` the first time.

    Raises:
        ConfigError: one of its files is malformed; the message names it, and the line if that is known. For a value
            that `distributed` does not understand, it says no more than Python does.
    """
    try:
        import_module(module)
    except ImportError:
        raise
    except Exception as error:
        said = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        reason = " ".join(line.strip() for line in said.splitlines() if line.strip(" ^")).rstrip(" :")
        raise ConfigError(
            f"Dask, on which the engine is built, cannot read its settings: {reason}. Correct that file, or move it "
            "away."
        ) from error
