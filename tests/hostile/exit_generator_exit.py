# expect: exception GeneratorExit | class: exit
raise GeneratorExit
