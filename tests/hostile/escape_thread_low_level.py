# expect: ok | class: escape | stdout: x
import _thread

_thread.start_new_thread(print, ("x",))
