//! Who this peer is: an id made at its first start and kept in its data folder.

use sandlot_protocol::PeerId;
use std::{
    fs,
    io::{self, Write},
    path::Path,
};

/// The id in `folder`, made now if there is none.
pub(crate) fn peer_id(folder: &Path) -> io::Result<PeerId> {
    let path = folder.join("peer_id");
    let invalid = |error: sandlot_protocol::ids::BadName| {
        io::Error::new(io::ErrorKind::InvalidData, format!("{} holds no peer id: {error}", path.display()))
    };
    match fs::read_to_string(&path) {
        Ok(text) => return text.trim().parse().map_err(invalid),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    let text = format!("P{:032x}", u128::from_le_bytes(bytes));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    writeln!(file, "{text}")?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    text.parse().map_err(invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let id = peer_id(folder.path()).unwrap();
        assert_eq!(peer_id(folder.path()).unwrap(), id);
        fs::write(folder.path().join("peer_id"), "\n").unwrap();
        assert!(peer_id(folder.path()).unwrap_err().to_string().contains("holds no peer id"));
    }
}
