import warnings
warnings.warn("old", DeprecationWarning)
warnings.warn("careful")
warnings.warn("res", ResourceWarning)
def g(): warnings.warn("deep", stacklevel=2)
g()
