# expect: exception OverflowError | class: text
from datetime import datetime, timedelta

datetime.max + timedelta(days=1)
