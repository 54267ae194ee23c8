# expect: exception KeyboardInterrupt | class: escape
import _thread

_thread.interrupt_main()
while True:
    pass
