//! Link flags of the shared library; nothing is generated here.

fn main() {
    // its worker threads live as long as the process, so dlclose must leave the code in place
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
