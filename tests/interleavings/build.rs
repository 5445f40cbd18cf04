//! Turns loom on in the library's source.

fn main() {
    println!("cargo:rustc-cfg=framestep_loom");
    println!("cargo:rerun-if-changed=build.rs");
}
