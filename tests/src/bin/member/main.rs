//! The program `staffetta` once more, for stories and drills with real processes: for a package's tests cargo builds the
//! programs of that package, and of no other.

#[actix_web::main]
async fn main() -> std::process::ExitCode {
    staffetta_node::cli::run().await
}
