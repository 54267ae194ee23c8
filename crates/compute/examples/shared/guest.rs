//! A guest that is started as it is when the snapshot is taken, and runs jobs one after the other, each in the memory that it
//! had then.

use super::start;
use anyhow::{Context, Result, bail, ensure};
use std::path::Path;
use wasmtime::{Config, Engine, Instance, Linker, Memory, Module, Store, TypedFunc};

/// The arguments of the programs of guest/training/start.
const STARTS: [(&str, &str); 3] = [
    ("fails.py", "[[[1.5, 2], [3, 4], [5, null]]]"),
    ("square.py", "[7]"),
    ("words.py", r#"["the quick brown fox jumps over the lazy dog and the cat"]"#),
];

/// A file of Python.
pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// The programs of a folder, by name.
pub(crate) fn programs(folder: &Path) -> Result<Vec<Program>> {
    let mut programs = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "py") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            programs.push(Program { name, text: std::fs::read_to_string(&path)? });
        }
    }
    programs.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(programs)
}

/// What is to run.
pub(crate) struct Job<'a> {
    pub(crate) program: &'a str,
    pub(crate) filename: &'a str,
    pub(crate) function: Option<&'a str>,
    /// JSON.
    pub(crate) args: &'a str,
    pub(crate) seed: Option<u64>,
}

impl<'a> Job<'a> {
    /// A short task with one of the programs of guest/training/start.
    pub(crate) fn start(program: &'a Program) -> Result<Self> {
        let args = STARTS.iter().find(|(of, _)| *of == program.name);
        let args = args.with_context(|| format!("STARTS lacks {}", program.name))?.1;
        Ok(Self { program: &program.text, filename: "<program>", function: Some("main"), args, seed: None })
    }
}

/// A guest in a store of its own.
pub(crate) struct Guest<T: 'static> {
    pub(crate) store: Store<T>,
    pub(crate) memory: Memory,
    alloc: TypedFunc<u32, u32>,
    enter: TypedFunc<(u32, u32), u64>,
    compile: TypedFunc<(u32, u32), u64>,
    code: TypedFunc<(u32, u32), ()>,
    place: TypedFunc<(u32, u32), u32>,
    /// What the memory held when the guest was ready.
    ready: Vec<u8>,
    /// A part of the memory that is not set back.
    kept: std::ops::Range<usize>,
}

impl<T: Send> Guest<T> {
    /// Compiles and starts it. `link` gives it what it imports; the bytes of its memory in `kept` stay what they become.
    pub(crate) async fn start(
        wasm: &[u8],
        state: T,
        link: impl FnOnce(&mut Linker<T>, &Module) -> Result<()>,
        kept: std::ops::Range<usize>,
    ) -> Result<(Self, Instance)> {
        let mut config = Config::new();
        config.max_wasm_stack(start::WASM_STACK_BYTES).async_stack_size(start::WASM_STACK_BYTES + (2 << 20));
        let engine = Engine::new(&config)?;
        let module = Module::new(&engine, wasm)?;
        let mut linker = Linker::new(&engine);
        link(&mut linker, &module)?;
        let mut store = Store::new(&engine, state);
        let instance = linker.instantiate_async(&mut store, &module).await?;
        instance.get_typed_func::<(), ()>(&mut store, "wizer-initialize")?.call_async(&mut store, ()).await?;
        let memory = instance.get_memory(&mut store, "memory").context("the guest has a memory")?;
        let alloc = instance.get_typed_func(&mut store, "job_alloc")?;
        let enter = instance.get_typed_func(&mut store, "job_run")?;
        let compile = instance.get_typed_func(&mut store, "job_compile")?;
        let code = instance.get_typed_func(&mut store, "job_code")?;
        let place = instance.get_typed_func(&mut store, "job_place")?;
        let ready = memory.data(&store).to_vec();
        Ok((Self { store, memory, alloc, enter, compile, code, place, ready, kept }, instance))
    }

    /// What `job_code` takes of a program.
    pub(crate) async fn compile(&mut self, job: &Job<'_>) -> Result<Option<Vec<u8>>> {
        self.renew();
        let place = self.put(serde_json::to_string(&(job.program, job.filename))?.as_bytes()).await?;
        let place = self.compile.call_async(&mut self.store, place).await?;
        Ok(Some(self.bytes(place).to_vec()).filter(|code| !code.is_empty()))
    }

    /// Runs a program in a guest that is as it was when it was ready; with its code if it ran before. Says whether it ended
    /// well.
    pub(crate) async fn run(&mut self, job: &Job<'_>, code: Option<&[u8]>) -> Result<bool> {
        self.renew();
        if let Some(code) = code {
            let place = self.put(code).await?;
            self.code.call_async(&mut self.store, place).await?;
        }
        let args: serde_json::Value = serde_json::from_str(job.args)?;
        let mut text = serde_json::json!({"args": args, "kwargs": {}, "seed": job.seed, "files_out": []});
        if code.is_some() && job.function.is_some() {
            let program = serde_json::json!([job.program, job.filename, job.function, [job.filename]]);
            let place = self.put(program.to_string().as_bytes()).await?;
            ensure!(self.place.call_async(&mut self.store, place).await? == 1, "the program has no place");
        } else {
            text["program"] = job.program.into();
            text["filename"] = job.filename.into();
            text["function"] = job.function.into();
            text["argv"] = serde_json::json!([job.filename]);
        }
        let place = self.put(text.to_string().as_bytes()).await?;
        let place = self.enter.call_async(&mut self.store, place).await?;
        let answer: serde_json::Value = serde_json::from_slice(self.bytes(place))?;
        if let Some(exception) = answer.get("exception").filter(|_| job.function.is_none()) {
            bail!("{}", exception["traceback"].as_str().unwrap_or_default());
        }
        Ok(answer.get("exception").is_none())
    }

    fn renew(&mut self) {
        let memory = self.memory.data_mut(&mut self.store);
        memory[..self.kept.start].copy_from_slice(&self.ready[..self.kept.start]);
        memory[self.kept.end..self.ready.len()].copy_from_slice(&self.ready[self.kept.end..]);
        memory[self.ready.len()..].fill(0);
    }

    /// What lies at `address << 32 | length`.
    fn bytes(&self, place: u64) -> &[u8] {
        &self.memory.data(&self.store)[(place >> 32) as usize..][..place as u32 as usize]
    }

    async fn put(&mut self, content: &[u8]) -> Result<(u32, u32)> {
        let bytes = u32::try_from(content.len())?;
        let address = self.alloc.call_async(&mut self.store, bytes).await?;
        self.memory.write(&mut self.store, address as usize, content)?;
        Ok((address, bytes))
    }
}
