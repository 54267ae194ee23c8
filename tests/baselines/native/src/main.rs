//! `sandlot-native FOLDER[:FOLDER...] SCRIPT [ARGUMENT ...]`: runs a script without any sandbox; imports come from these
//! folders and the frozen standard library.

use rustpython_vm::{Interpreter, Settings};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(folders), Some(script)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: sandlot-native FOLDER[:FOLDER...] SCRIPT [ARGUMENT ...]");
        return ExitCode::from(2);
    };
    let source = match std::fs::read_to_string(&script) {
        Ok(source) => source,
        Err(error) => {
            eprintln!("{script}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut settings = Settings::default();
    settings.hash_seed = Some(0);
    settings.isolated = true;
    settings.import_site = false;
    settings.write_bytecode = false;
    settings.path_list = folders.split(':').map(str::to_owned).collect();
    settings.argv = std::iter::once(script.clone()).chain(arguments).collect();
    let builder = Interpreter::builder(settings);
    let natives = rustpython_stdlib::stdlib_module_defs(&builder.ctx);
    let interpreter = builder.add_native_modules(&natives).add_frozen_modules(rustpython_pylib::FROZEN_STDLIB).build();
    let ended = interpreter.run(|vm| {
        let scope = vm.new_scope_with_main()?;
        vm.run_string(scope, &source, &script).map(drop)
    });
    ExitCode::from(u8::try_from(ended).unwrap_or(1))
}
