import warnings

warnings.warn("at import", FutureWarning)
