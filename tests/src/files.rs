//! Measures how soon a large file is stored and read, beside the same bytes copied over a connection.

use crate::{Cluster, clock, measure::Row};
use sandlot_client::{Client, transfer};
use sandlot_protocol::FileName;
use std::{io, path::Path};
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    process::Command,
};

const BYTES: u64 = 100_000_000;
const PAIRS: usize = 5;
/// What the copy moves at one time.
const BUFFER_BYTES: usize = 1 << 20;

/// The rows of `scripts/bench files`.
///
/// # Errors
/// When the temporary folder cannot be used.
///
/// # Panics
/// When a transfer fails.
pub async fn files() -> io::Result<Vec<Row>> {
    let cluster = Cluster::start(1).await;
    let (client, name) = (cluster.client(0), "large".parse::<FileName>().expect("a name"));
    let (source, target) = (cluster.folder.path().join("source"), cluster.folder.path().join("target"));
    write_noise(&source).await?;
    let (mut puts, mut gets, mut copies) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..PAIRS {
        // A stored file is on the disk when its reply comes, and would wait there for what the others have left to be written.
        written().await?;
        puts.push(put(&client, &name, &source).await?);
        written().await?;
        gets.push(get(&client, &name, &target).await?);
        written().await?;
        copies.push(copy(&source, &target).await?);
    }
    Ok(vec![
        Row::pairs("files: 100 MB put", &puts, "a plain TCP copy", &copies, "MB/s").at_least(0.25),
        Row::pairs("files: 100 MB get", &gets, "a plain TCP copy", &copies, "MB/s").at_least(0.25),
    ])
}

/// Nothing is left to be written to a disk.
async fn written() -> io::Result<()> {
    Command::new("sync").status().await.map(|_| ())
}

/// Bytes that nothing can make smaller.
async fn write_noise(path: &Path) -> io::Result<()> {
    let mut file = File::create(path).await?;
    let noise = File::open("/dev/urandom").await?;
    tokio::io::copy(&mut noise.take(BYTES), &mut file).await?;
    file.flush().await
}

fn rate(started: std::time::Instant) -> f64 {
    BYTES as f64 / 1e6 / started.elapsed().as_secs_f64()
}

async fn put(client: &Client, name: &FileName, source: &Path) -> io::Result<f64> {
    let started = clock::now();
    let file = File::open(source).await?;
    transfer::put_file(client, name, file, BYTES, |_| {}).await.expect("a peer stores it");
    Ok(rate(started))
}

async fn get(client: &Client, name: &FileName, target: &Path) -> io::Result<f64> {
    let started = clock::now();
    let file = File::create(target).await?;
    transfer::get_file(client, name, file, |_, _| {}).await.expect("a peer has it");
    Ok(rate(started))
}

/// Through a connection of this machine into another file.
async fn copy(source: &Path, target: &Path) -> io::Result<f64> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let started = clock::now();
    let sending = async {
        let (mut file, mut stream) = (File::open(source).await?, TcpStream::connect(address).await?);
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            match file.read(&mut buffer).await? {
                0 => return stream.shutdown().await,
                bytes => stream.write_all(&buffer[..bytes]).await?,
            }
        }
    };
    let receiving = async {
        let (mut stream, _) = listener.accept().await?;
        let mut file = File::create(target).await?;
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            match stream.read(&mut buffer).await? {
                0 => return file.flush().await,
                bytes => file.write_all(&buffer[..bytes]).await?,
            }
        }
    };
    tokio::try_join!(sending, receiving)?;
    Ok(rate(started))
}
