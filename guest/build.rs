//! The guest's own stack. RustPython keeps a native stack frame for each nested operator, comparison and
//! `repr`, and raises RecursionError when this stack is nearly used up.
fn main() {
    println!("cargo::rustc-link-arg-cdylib=-zstack-size=4194304");
}
