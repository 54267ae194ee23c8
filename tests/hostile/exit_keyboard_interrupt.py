# expect: exception KeyboardInterrupt | class: exit
raise KeyboardInterrupt
