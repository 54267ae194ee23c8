# expect: exception FileNotFoundError | class: escape
open("../../../../../../etc/passwd").read()
