# expect: exception OverflowError | class: regex
import re

re.compile("a{99999999999999}")
