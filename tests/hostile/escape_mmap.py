# expect: exception ImportError | class: escape
import mmap

mmap.mmap(-1, 4096)
