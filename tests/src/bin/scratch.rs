//! Scratch.
#![allow(clippy::all, clippy::pedantic, clippy::print_stdout, clippy::unwrap_used)]
#[tokio::main]
async fn main() {
    let cluster = sandlot_tests::Cluster::start(1).await;
    let port = cluster.peers[0].port();
    for _ in 0..std::env::args().nth(1).unwrap().parse().unwrap() {
        println!("{:.0}/s", sandlot_tests::start::throughput(port).await);
    }
}
