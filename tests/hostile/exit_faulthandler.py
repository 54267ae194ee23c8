# expect: ok | class: exit
import faulthandler

faulthandler._sigsegv()
