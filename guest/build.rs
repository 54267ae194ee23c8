//! The guest's own stack. RustPython keeps a native stack frame for each nested operator, comparison and
//! `repr`, and raises RecursionError when this stack is nearly used up.
//!
//! The multiplication of 128 bits is exported so that the host finds it, and puts an operator in its place.
fn main() {
    println!("cargo::rustc-link-arg-cdylib=-zstack-size=4194304");
    println!("cargo::rustc-link-arg-cdylib=--export=__multi3");
}
