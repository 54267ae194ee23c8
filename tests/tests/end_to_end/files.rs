//! Files over the network: large ones, damaged ones.

use sandlot_tests::{Cluster, printed, start_peer};
use std::path::Path;

/// 5 MB that do not repeat.
fn large() -> Vec<u8> {
    let mut bytes = vec![0; 5_000_001];
    blake3::Hasher::new().finalize_xof().fill(&mut bytes);
    bytes
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn a_large_file_comes_back_also_after_a_restart() {
    let mut cluster = Cluster::start(1).await;
    let (from, to) = (cluster.folder.path().join("from"), cluster.folder.path().join("to"));
    std::fs::write(&from, large()).unwrap();
    printed(&cluster.cli(0, &["put-file", "--filename", "big.bin", "--filepath", text(&from)]).await);
    cluster.peers[0].kill().await;
    cluster.peers[0] = start_peer(&cluster.folder.path().join("0"), &cluster.tracker.address, &[]).await;
    printed(&cluster.cli(0, &["get-file", "--filename", "big.bin", "--save", text(&to)]).await);
    assert!(std::fs::read(&to).unwrap() == large());
    let listed = printed(&cluster.cli(0, &["list-files"]).await);
    assert!(listed.contains("big.bin") && listed.contains(&blake3::hash(&large()).to_hex().to_string()), "{listed}");
    printed(&cluster.cli(0, &["delete-file", "--filename", "big.bin"]).await);
    let gone = cluster.cli(0, &["get-file", "--filename", "big.bin", "--save", text(&to)]).await;
    assert_eq!(gone.status.code(), Some(4));
    assert!(std::fs::read(&to).unwrap() == large(), "what was there before is untouched");
}

#[tokio::test]
async fn a_file_damaged_on_disk_is_refused() {
    let cluster = Cluster::start(1).await;
    let (from, to) = (cluster.folder.path().join("from"), cluster.folder.path().join("to"));
    std::fs::write(&from, large()).unwrap();
    printed(&cluster.cli(0, &["put-file", "--filename", "big.bin", "--filepath", text(&from)]).await);
    let stored = std::fs::read_dir(cluster.folder.path().join("0/files")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&stored).unwrap();
    bytes[4_000_000] ^= 1;
    std::fs::write(&stored, bytes).unwrap();
    let refused = cluster.cli(0, &["get-file", "--filename", "big.bin", "--save", text(&to)]).await;
    assert_eq!(refused.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("damaged"));
    assert!(!to.exists(), "half a file is never left");
    assert!(std::fs::read_dir(cluster.folder.path()).unwrap().all(|entry| !entry.unwrap().path().ends_with(".part")));
}

#[tokio::test]
async fn the_quota_is_told() {
    let cluster = Cluster::with(1, &["--file-quota-bytes", "1000"]).await;
    let from = cluster.folder.path().join("from");
    std::fs::write(&from, large()).unwrap();
    let refused = cluster.cli(0, &["put-file", "--filename", "big.bin", "--filepath", text(&from)]).await;
    assert_eq!(refused.status.code(), Some(4));
    let stderr = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(stderr, "sandlot: there is no room: 0 of 1000 bytes are used, and this needs 5000001\n");
}
