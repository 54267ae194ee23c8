//! The four examples of the specification, to the letter.

use sandlot_tests::{Cluster, printed};

#[tokio::test]
async fn the_four_examples() {
    let cluster = Cluster::start(2).await;
    let check = async |peer, arguments: &[&str], expected: &str| {
        assert_eq!(printed(&cluster.cli(peer, arguments).await), expected, "{arguments:?}");
    };
    check(0, &["cpu", "--program", "def main(a, b): return a + b", "--args", "[10, 32]"], "Result: 42\n").await;
    let upper = "def main(s): return s.upper()";
    check(0, &["cpu", "--program", upper, "--args", "['secret']", "--confidential"], "Result: SECRET\n").await;
    check(0, &["set-mem", "--key", "user:id", "--value", "101"], "Memory set: user:id\n").await;
    check(0, &["get-mem", "--key", "user:id"], "Memory value: 101\n").await;
    let (from, to) = (cluster.folder.path().join("my_file.txt"), cluster.folder.path().join("copy.txt"));
    std::fs::write(&from, "hello distributed world\n").unwrap();
    let (from_text, to_text) = (from.to_str().unwrap(), to.to_str().unwrap());
    printed(&cluster.cli(1, &["put-file", "--filename", "remote_copy.txt", "--filepath", from_text]).await);
    printed(&cluster.cli(1, &["get-file", "--filename", "remote_copy.txt", "--save", to_text]).await);
    assert_eq!(std::fs::read(from).unwrap(), std::fs::read(to).unwrap());
}
