# expect: exception ModuleNotFoundError | class: escape
import sandlot_runner
