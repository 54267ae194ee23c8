"""A package of pure Python in a wheel: `sandlot run --with shapes-1.0-py3-none-any.whl use_shapes.py`."""

from importlib import resources

from shapes import Circle, Square, __version__
from shapes.table import table

print(__version__)
print(table([Circle(1.5), Square(2), Circle(0.1)]))
print(resources.files("shapes").joinpath("motto.txt").read_text().strip())
