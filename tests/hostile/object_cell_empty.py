# expect: exception ValueError | class: object
import types

types.CellType().cell_contents
