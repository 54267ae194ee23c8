//! Files and folders in the guest's own memory: inodes and names, no descriptors and no wire forms.

use std::collections::BTreeMap;

/// What went wrong, as WASI numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum Errno {
    Access = 2,
    BadDescriptor = 8,
    Exists = 20,
    Invalid = 28,
    IsFolder = 31,
    TooManyLinks = 32,
    TooManyOpen = 33,
    NameTooLong = 37,
    NotFound = 44,
    OutOfMemory = 48,
    NoSpace = 51,
    NotFolder = 54,
    NotEmpty = 55,
    NotPermitted = 63,
    IllegalSeek = 70,
}

pub type Result<T> = std::result::Result<T, Errno>;
/// A file's or folder's number.
pub type Inode = usize;

/// The root folder.
pub const ROOT: Inode = 0;
/// The longest name in a folder, in bytes.
pub const NAME_BYTES_MAX: usize = 255;
/// So many symbolic links may be followed for one path.
const LINKS_MAX: usize = 40;
/// Permissions of new files, folders and links: those of a usual umask.
const FILE_MODE: u16 = 0o644;
const FOLDER_MODE: u16 = 0o755;
const LINK_MODE: u16 = 0o777;
const SEALED_MODE: u16 = 0o555;
const WRITE_MODE: u16 = 0o222;
/// What a file, folder or link counts besides its bytes, so that empty ones have an end too.
const NODE_BYTES: u64 = 1024;

#[derive(Debug)]
pub enum Content {
    File(Vec<u8>),
    Folder(BTreeMap<String, Inode>),
    Link(String),
}

#[derive(Debug)]
pub struct Node {
    pub content: Content,
    /// Names that lead here.
    pub names: u64,
    /// Descriptors that are open on it.
    pub open: u64,
    /// Nanoseconds since 1970.
    pub accessed_ns: u64,
    pub modified_ns: u64,
    pub changed_ns: u64,
    /// Permissions: kept and told. Those of a folder bind: one that nobody may write to keeps its names.
    pub mode: u16,
    /// The folder that it is in; for folders only.
    parent: Inode,
}

/// All files of a task.
#[derive(Debug)]
pub struct Tree {
    nodes: Vec<Option<Node>>,
    free: Vec<Inode>,
    used_bytes: u64,
    bytes_max: u64,
    /// The file that stays empty whatever is written to it.
    null: Option<Inode>,
}

/// Where a path leads: its folder, its last name, and what has that name now.
#[derive(Debug)]
pub struct Place {
    pub folder: Inode,
    pub name: String,
    pub inode: Option<Inode>,
    /// The path ends in a slash, or in `.`: it must be a folder.
    pub is_folder: bool,
}

impl Tree {
    pub fn new(bytes_max: u64) -> Self {
        let root = Node {
            content: Content::Folder(BTreeMap::new()),
            names: 1,
            open: 0,
            accessed_ns: 0,
            modified_ns: 0,
            changed_ns: 0,
            mode: FOLDER_MODE,
            parent: ROOT,
        };
        Self { nodes: vec![Some(root)], free: Vec::new(), used_bytes: 0, bytes_max, null: None }
    }

    /// From now on all files together may have so many bytes more than they have now.
    pub fn limit(&mut self, more_bytes: u64) {
        self.bytes_max = self.used_bytes.saturating_add(more_bytes);
    }

    /// Makes the file at this path one that stays empty.
    pub fn make_null(&mut self, path: &str) -> Result<()> {
        self.put(path, Vec::new(), 0)?;
        let null = self.find(ROOT, path, true)?;
        self.null = Some(null);
        let folder = self.node(null)?.parent;
        self.node_mut(folder)?.mode = SEALED_MODE;
        Ok(())
    }

    pub fn used_bytes(&self) -> u64 {
        self.used_bytes
    }

    pub fn bytes_max(&self) -> u64 {
        self.bytes_max
    }

    pub fn node(&self, inode: Inode) -> Result<&Node> {
        self.nodes.get(inode).and_then(Option::as_ref).ok_or(Errno::BadDescriptor)
    }

    pub fn node_mut(&mut self, inode: Inode) -> Result<&mut Node> {
        self.nodes.get_mut(inode).and_then(Option::as_mut).ok_or(Errno::BadDescriptor)
    }

    pub fn folder(&self, inode: Inode) -> Result<&BTreeMap<String, Inode>> {
        match &self.node(inode)?.content {
            Content::Folder(names) => Ok(names),
            _ => Err(Errno::NotFolder),
        }
    }

    fn folder_mut(&mut self, inode: Inode, now: u64) -> Result<&mut BTreeMap<String, Inode>> {
        let node = self.node_mut(inode)?;
        match &mut node.content {
            Content::Folder(names) => {
                (node.modified_ns, node.changed_ns) = (now, now);
                Ok(names)
            }
            _ => Err(Errno::NotFolder),
        }
    }

    /// Whether names may come and go in a folder.
    fn may_change(&self, folder: Inode) -> Result<()> {
        if self.node(folder)?.mode & WRITE_MODE == 0 { Err(Errno::Access) } else { Ok(()) }
    }

    /// The folder above this one.
    pub fn parent(&self, inode: Inode) -> Result<Inode> {
        Ok(self.node(inode)?.parent)
    }

    /// Follows a path from a folder. Links on the way are followed; one at its end only with `follow`.
    pub fn walk(&self, from: Inode, path: &str, follow: bool) -> Result<Place> {
        self.walk_counted(from, path, follow, &mut 0)
    }

    fn walk_counted(&self, from: Inode, path: &str, follow: bool, links: &mut usize) -> Result<Place> {
        if path.is_empty() {
            return Err(Errno::NotFound);
        }
        let mut folder = if path.starts_with('/') { ROOT } else { from };
        let is_folder = path.ends_with('/') || path.ends_with("/.") || path == ".";
        let mut parts = path.split('/').filter(|part| !part.is_empty() && *part != ".").peekable();
        self.folder(folder)?;
        while let Some(part) = parts.next() {
            if part.len() > NAME_BYTES_MAX {
                return Err(Errno::NameTooLong);
            }
            if part == ".." {
                folder = self.parent(folder)?;
                continue;
            }
            let inode = self.folder(folder)?.get(part).copied();
            let is_last = parts.peek().is_none();
            let link = inode.and_then(|inode| match &self.node(inode).ok()?.content {
                Content::Link(target) => Some(target),
                _ => None,
            });
            if let Some(target) = link
                && (!is_last || follow || is_folder)
            {
                *links += 1;
                if *links > LINKS_MAX {
                    return Err(Errno::TooManyLinks);
                }
                let place = self.walk_counted(folder, target, true, links)?;
                if is_last {
                    return Ok(Place { is_folder: place.is_folder || is_folder, ..place });
                }
                folder = place.inode.ok_or(Errno::NotFound)?;
                self.folder(folder)?;
                continue;
            }
            if is_last {
                return Ok(Place { folder, name: part.to_owned(), inode, is_folder });
            }
            folder = inode.ok_or(Errno::NotFound)?;
            self.folder(folder)?;
        }
        // The path is a folder by way of `/`, `.` or `..`: it has no name that could be made or removed.
        Ok(Place { folder, name: String::new(), inode: Some(folder), is_folder: true })
    }

    /// What a path leads to.
    pub fn find(&self, from: Inode, path: &str, follow: bool) -> Result<Inode> {
        let place = self.walk(from, path, follow)?;
        let inode = place.inode.ok_or(Errno::NotFound)?;
        if place.is_folder {
            self.folder(inode)?;
        }
        Ok(inode)
    }

    /// Makes a file, folder or link at a place where nothing is.
    pub fn make(&mut self, place: &Place, content: Content, now: u64) -> Result<Inode> {
        if place.name.is_empty() || place.inode.is_some() {
            return Err(Errno::Exists);
        }
        if self.node(place.folder)?.names == 0 {
            // Somebody stands in a folder that was removed.
            return Err(Errno::NotFound);
        }
        self.may_change(place.folder)?;
        let target = match &content {
            Content::Link(target) => target.len() as u64,
            _ => 0,
        };
        let more = NODE_BYTES + place.name.len() as u64 + target;
        self.charge(more)?;
        let mode = match content {
            Content::File(_) => FILE_MODE,
            Content::Folder(_) => FOLDER_MODE,
            Content::Link(_) => LINK_MODE,
        };
        let node = Node {
            content,
            names: 1,
            open: 0,
            accessed_ns: now,
            modified_ns: now,
            changed_ns: now,
            mode,
            parent: place.folder,
        };
        let inode = self.free.pop().unwrap_or(self.nodes.len());
        if inode == self.nodes.len() {
            self.nodes.push(None);
        }
        self.nodes[inode] = Some(node);
        self.folder_mut(place.folder, now)?.insert(place.name.clone(), inode);
        Ok(inode)
    }

    /// A further name for a file.
    pub fn link(&mut self, inode: Inode, place: &Place, now: u64) -> Result<()> {
        if place.name.is_empty() || place.inode.is_some() {
            return Err(Errno::Exists);
        }
        if self.folder(inode).is_ok() {
            return Err(Errno::NotPermitted);
        }
        self.may_change(place.folder)?;
        self.charge(place.name.len() as u64)?;
        self.folder_mut(place.folder, now)?.insert(place.name.clone(), inode);
        let node = self.node_mut(inode)?;
        node.names += 1;
        node.changed_ns = now;
        Ok(())
    }

    /// Removes a name of a file or link.
    pub fn unlink(&mut self, place: &Place, now: u64) -> Result<()> {
        let inode = place.inode.ok_or(Errno::NotFound)?;
        if self.folder(inode).is_ok() {
            return Err(Errno::IsFolder);
        }
        if place.is_folder {
            return Err(Errno::NotFolder);
        }
        self.remove_name(place, inode, now)
    }

    /// Removes an empty folder.
    pub fn remove_folder(&mut self, place: &Place, now: u64) -> Result<()> {
        let inode = place.inode.ok_or(Errno::NotFound)?;
        if !self.folder(inode)?.is_empty() {
            return Err(Errno::NotEmpty);
        }
        if place.name.is_empty() {
            return Err(Errno::Invalid);
        }
        self.remove_name(place, inode, now)
    }

    fn remove_name(&mut self, place: &Place, inode: Inode, now: u64) -> Result<()> {
        self.may_change(place.folder)?;
        self.folder_mut(place.folder, now)?.remove(&place.name);
        self.used_bytes = self.used_bytes.saturating_sub(place.name.len() as u64);
        let node = self.node_mut(inode)?;
        node.names -= 1;
        node.changed_ns = now;
        self.forget(inode);
        Ok(())
    }

    /// Gives a file or folder another name; what has that name is replaced, as rename(2) says.
    pub fn rename(&mut self, from: &Place, to: &Place, now: u64) -> Result<()> {
        let inode = from.inode.ok_or(Errno::NotFound)?;
        if from.name.is_empty() || to.name.is_empty() {
            return Err(Errno::Invalid);
        }
        let is_folder = self.folder(inode).is_ok();
        if (from.is_folder || to.is_folder) && !is_folder {
            return Err(Errno::NotFolder);
        }
        if is_folder && self.is_inside(to.folder, inode)? {
            return Err(Errno::Invalid);
        }
        if to.inode == Some(inode) {
            return Ok(());
        }
        self.may_change(from.folder)?;
        self.may_change(to.folder)?;
        if let Some(replaced) = to.inode {
            match (is_folder, self.folder(replaced).is_ok()) {
                (true, true) => self.remove_folder(to, now)?,
                (false, false) => self.unlink(to, now)?,
                (true, false) => return Err(Errno::NotFolder),
                (false, true) => return Err(Errno::IsFolder),
            }
        }
        self.charge(to.name.len() as u64)?;
        self.folder_mut(from.folder, now)?.remove(&from.name);
        self.folder_mut(to.folder, now)?.insert(to.name.clone(), inode);
        self.used_bytes = self.used_bytes.saturating_sub(from.name.len() as u64);
        let node = self.node_mut(inode)?;
        node.parent = to.folder;
        node.changed_ns = now;
        Ok(())
    }

    fn is_inside(&self, mut folder: Inode, outer: Inode) -> Result<bool> {
        while folder != outer {
            if folder == ROOT {
                return Ok(false);
            }
            folder = self.parent(folder)?;
        }
        Ok(true)
    }

    /// A descriptor on it is open.
    pub fn open(&mut self, inode: Inode) -> Result<()> {
        self.node_mut(inode)?.open += 1;
        Ok(())
    }

    /// A descriptor on it is closed.
    pub fn close(&mut self, inode: Inode) {
        if let Ok(node) = self.node_mut(inode) {
            node.open = node.open.saturating_sub(1);
        }
        self.forget(inode);
    }

    /// Frees what has no name and no descriptor any more.
    fn forget(&mut self, inode: Inode) {
        let is_gone = self.node(inode).is_ok_and(|node| node.names == 0 && node.open == 0);
        if is_gone && let Some(node) = self.nodes[inode].take() {
            self.null = self.null.filter(|null| *null != inode);
            let bytes = match node.content {
                Content::File(bytes) => bytes.len() as u64,
                Content::Link(target) => target.len() as u64,
                Content::Folder(_) => 0,
            };
            self.used_bytes = self.used_bytes.saturating_sub(bytes + NODE_BYTES);
            self.free.push(inode);
        }
    }

    fn charge(&mut self, more: u64) -> Result<()> {
        if self.used_bytes.saturating_add(more) > self.bytes_max {
            return Err(Errno::NoSpace);
        }
        self.used_bytes += more;
        Ok(())
    }

    /// Cuts a file, or fills it up with zeros.
    pub fn resize(&mut self, inode: Inode, bytes: u64, now: u64) -> Result<()> {
        if self.null == Some(inode) {
            return Ok(());
        }
        let has = match &self.node(inode)?.content {
            Content::File(content) => content.len() as u64,
            Content::Folder(_) => return Err(Errno::IsFolder),
            Content::Link(_) => return Err(Errno::Invalid),
        };
        let size = usize::try_from(bytes).map_err(|_| Errno::NoSpace)?;
        if bytes > has {
            self.charge(bytes - has)?;
        } else {
            self.used_bytes = self.used_bytes.saturating_sub(has - bytes);
        }
        let node = self.node_mut(inode)?;
        let Content::File(content) = &mut node.content else { return Err(Errno::Invalid) };
        if bytes > has && content.try_reserve(size - content.len()).is_err() {
            self.used_bytes = self.used_bytes.saturating_sub(bytes - has);
            return Err(Errno::OutOfMemory);
        }
        content.resize(size, 0);
        if size == 0 {
            *content = Vec::new();
        }
        (node.modified_ns, node.changed_ns) = (now, now);
        Ok(())
    }

    /// Writes at an offset; what lies between the end and it becomes zeros.
    pub fn write(&mut self, inode: Inode, offset: u64, bytes: &[u8], now: u64) -> Result<()> {
        if self.null == Some(inode) {
            return Ok(());
        }
        let end = offset.checked_add(bytes.len() as u64).ok_or(Errno::NoSpace)?;
        let has = self.content(inode)?.len() as u64;
        if end > has && !bytes.is_empty() {
            self.resize(inode, end, now)?;
        }
        let node = self.node_mut(inode)?;
        (node.modified_ns, node.changed_ns) = (now, now);
        if let Content::File(content) = &mut node.content
            && !bytes.is_empty()
        {
            content[offset as usize..end as usize].copy_from_slice(bytes);
        }
        Ok(())
    }

    /// A file's bytes.
    pub fn content(&self, inode: Inode) -> Result<&[u8]> {
        match &self.node(inode)?.content {
            Content::File(content) => Ok(content),
            Content::Folder(_) => Err(Errno::IsFolder),
            Content::Link(_) => Err(Errno::Invalid),
        }
    }

    /// Puts a whole file at a path, with the folders on the way; the bytes are taken as they are.
    pub fn put(&mut self, path: &str, content: Vec<u8>, now: u64) -> Result<()> {
        let mut folder = ROOT;
        let (folders, _) = path.rsplit_once('/').unwrap_or(("", path));
        for part in folders.split('/').filter(|part| !part.is_empty()) {
            let place = self.walk(folder, part, true)?;
            folder = match place.inode {
                Some(inode) => inode,
                None => self.make(&place, Content::Folder(BTreeMap::new()), now)?,
            };
        }
        let place = self.walk(ROOT, path, true)?;
        let inode = match place.inode {
            Some(inode) => inode,
            None => self.make(&place, Content::File(Vec::new()), now)?,
        };
        self.resize(inode, 0, now)?;
        self.charge(content.len() as u64)?;
        self.node_mut(inode)?.content = Content::File(content);
        Ok(())
    }
}
