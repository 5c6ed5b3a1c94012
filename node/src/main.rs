//! The binary `staffetta`: everything it does is in the library.

#[actix_web::main]
async fn main() -> std::process::ExitCode {
    staffetta_node::cli::run().await
}
