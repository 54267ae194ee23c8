# expect: exception AttributeError | class: exit
import faulthandler

faulthandler._fatal_error(b"xyz")
