//! A disk that forgets: it takes in a trace of operations, and what it holds
//! after a loss of power is what was synced and any part of the rest.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use jem_core::digest::{Digest, Hasher};
use jem_core::durable::Operation;

/// What the loss of power leaves of what was not synced.
#[derive(Clone, Copy, Debug)]
pub enum Leaves {
    /// Everything: the process was killed, the machine stayed up.
    All,
    /// Nothing.
    Nothing,
    /// Names, but no bytes.
    Names,
    /// Names, and zeros in the place of bytes.
    Zeros,
    /// Bytes of files that had a name, but no names.
    Bytes,
    /// Any part of either; bytes may be cut off or be zeros. By seed.
    Some(u64),
}

/// Files with their bytes, and folders, by path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree(pub BTreeMap<PathBuf, Option<Vec<u8>>>);

#[derive(Default)]
struct Node {
    folder: bool,
    /// Synced.
    bytes: Vec<u8>,
    names: BTreeMap<OsString, usize>,
    /// Not synced yet.
    writes: Vec<(usize, Vec<u8>)>,
    changes: Vec<(OsString, Option<usize>)>,
    /// Names as a process sees them now.
    seen: BTreeMap<OsString, usize>,
}

/// The disk. Node 0 is the root.
pub struct Disk(Vec<Node>);

/// SplitMix64: the numbers of a seed.
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

impl Disk {
    pub fn new() -> Self {
        Self(vec![Node { folder: true, ..Node::default() }])
    }

    fn at(&self, path: &Path) -> usize {
        path.iter().fold(0, |node, name| match self.0[node].seen.get(name) {
            Some(inner) => *inner,
            None => panic!("the trace names {}, which it never made", path.display()),
        })
    }

    fn change(&mut self, path: &Path, node: Option<usize>) {
        let folder = self.at(path.parent().expect("below the root"));
        let name = path.file_name().expect("a name").to_owned();
        let folder = &mut self.0[folder];
        match node {
            Some(node) => folder.seen.insert(name.clone(), node),
            None => folder.seen.remove(&name),
        };
        folder.changes.push((name, node));
    }

    fn make(&mut self, path: &Path, folder: bool) {
        self.0.push(Node { folder, ..Node::default() });
        self.change(path, Some(self.0.len() - 1));
    }

    /// Takes in one operation.
    pub fn take(&mut self, operation: &Operation) {
        match operation {
            Operation::MakeFolder(path) => self.make(path, true),
            Operation::CreateFile(path) => self.make(path, false),
            Operation::Write { path, at, bytes } => {
                let node = self.at(path);
                self.0[node].writes.push((*at as usize, bytes.clone()));
            }
            Operation::Rename { from, to } => {
                let node = self.at(from);
                self.change(to, Some(node));
                self.change(from, None);
            }
            Operation::Link { from, to } => {
                let node = self.at(from);
                self.change(to, Some(node));
            }
            Operation::Remove(path) | Operation::RemoveFolder(path) => self.change(path, None),
            Operation::SyncFile(path) => {
                let node = self.at(path);
                let node = &mut self.0[node];
                for (at, bytes) in std::mem::take(&mut node.writes) {
                    put(&mut node.bytes, at, &bytes);
                }
            }
            Operation::SyncFolder(path) => {
                let node = self.at(path);
                let node = &mut self.0[node];
                node.changes.clear();
                node.names = node.seen.clone();
            }
            Operation::Mark(_) => {}
        }
    }

    /// What is there after the power failed now.
    pub fn after(&self, leaves: Leaves) -> Tree {
        let seed = if let Leaves::Some(seed) = leaves { seed } else { 0 };
        let mut tree = BTreeMap::new();
        self.walk(0, PathBuf::new(), leaves, &mut Chance(seed), &mut tree);
        Tree(tree)
    }

    fn walk(
        &self,
        node: usize,
        path: PathBuf,
        leaves: Leaves,
        chance: &mut Chance,
        tree: &mut BTreeMap<PathBuf, Option<Vec<u8>>>,
    ) {
        let node = &self.0[node];
        if !node.folder {
            tree.insert(path, Some(node.bytes_left(leaves, chance)));
            return;
        }
        for (name, inner) in node.names_left(leaves, chance) {
            self.walk(inner, path.join(name), leaves, chance, tree);
        }
        tree.insert(path, None);
    }
}

impl Node {
    fn names_left(&self, leaves: Leaves, chance: &mut Chance) -> BTreeMap<OsString, usize> {
        let mut names = self.names.clone();
        for (name, node) in &self.changes {
            let kept = match leaves {
                Leaves::All | Leaves::Names | Leaves::Zeros => true,
                Leaves::Nothing | Leaves::Bytes => false,
                Leaves::Some(_) => chance.below(2) == 0,
            };
            match node {
                Some(node) if kept => drop(names.insert(name.clone(), *node)),
                None if kept => drop(names.remove(name)),
                _ => {}
            }
        }
        names
    }

    fn bytes_left(&self, leaves: Leaves, chance: &mut Chance) -> Vec<u8> {
        let mut left = self.bytes.clone();
        for (at, bytes) in &self.writes {
            match leaves {
                Leaves::All | Leaves::Bytes => put(&mut left, *at, bytes),
                Leaves::Nothing | Leaves::Names => {}
                Leaves::Zeros => put(&mut left, *at, &vec![0; bytes.len()]),
                Leaves::Some(_) => match chance.below(4) {
                    0 => put(&mut left, *at, bytes),
                    1 => put(&mut left, *at, &bytes[..chance.below(bytes.len().max(1))]),
                    2 => put(&mut left, *at, &vec![0; bytes.len()]),
                    _ => {}
                },
            }
        }
        left
    }
}

fn put(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if !bytes.is_empty() {
        file.resize(file.len().max(at + bytes.len()), 0);
        file[at..at + bytes.len()].copy_from_slice(bytes);
    }
}

impl Tree {
    /// What lies in `folder`.
    pub fn of(folder: &Path) -> Self {
        let mut tree = BTreeMap::from([(PathBuf::new(), None)]);
        let mut waiting = vec![folder.to_owned()];
        while let Some(path) = waiting.pop() {
            for entry in fs::read_dir(path).unwrap() {
                let path = entry.unwrap().path();
                let bytes = (!path.is_dir()).then(|| fs::read(&path).unwrap());
                if bytes.is_none() {
                    waiting.push(path.clone());
                }
                tree.insert(path.strip_prefix(folder).unwrap().to_owned(), bytes);
            }
        }
        Self(tree)
    }

    /// Lays it out in `folder`, which is there and empty.
    pub fn lay_out(&self, folder: &Path) {
        // Sorted by path, so that a folder comes before what is in it.
        for (path, bytes) in self.0.iter().filter(|(path, _)| !path.as_os_str().is_empty()) {
            match bytes {
                Some(bytes) => fs::write(folder.join(path), bytes).unwrap(),
                None => fs::create_dir(folder.join(path)).unwrap(),
            }
        }
    }

    /// One digest over all of it.
    pub fn digest(&self) -> Digest {
        let mut hasher = Hasher::new();
        for (path, bytes) in &self.0 {
            let path = path.to_string_lossy();
            hasher.update(path.as_bytes()).update(&[0, u8::from(bytes.is_some())]);
            let bytes = bytes.as_deref().unwrap_or_default();
            hasher.update(&bytes.len().to_le_bytes()).update(bytes);
        }
        hasher.finish()
    }
}
