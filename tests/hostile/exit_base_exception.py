# expect: exception BaseException | class: exit
raise BaseException("the root of it")
