# expect: exception ModuleNotFoundError | class: escape
import mmap

mmap.mmap(-1, 4096)
