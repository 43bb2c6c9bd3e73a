//! The tree of files and links.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use barline_fuzz::fixtures::{PF, Tree};

use crate::case::{Case, Edit};

/// A PF with two VFs. It is made once: that takes longer than to read it.
static TREE: LazyLock<(Tree, [String; 3])> = LazyLock::new(|| {
    let tree = Tree::with_pf();
    let functions = [PF.to_string(), tree.add_vf(PF, 0, 11), tree.add_vf(PF, 1, 12)];
    (tree, functions)
});

/// What stood in a place.
enum Old {
    File(Vec<u8>),
    Link(PathBuf),
    Nothing,
}

impl Old {
    fn of(path: &Path) -> Old {
        match (fs::read_link(path), fs::read(path)) {
            (Ok(to), _) => Old::Link(to),
            (_, Ok(bytes)) => Old::File(bytes),
            _ => Old::Nothing,
        }
    }

    fn put_back(&self, path: &Path) {
        // It may be gone already.
        let _ = fs::remove_file(path);
        match self {
            Old::File(bytes) => fs::write(path, bytes).expect("it was there"),
            Old::Link(to) => symlink(to, path).expect("it was there"),
            Old::Nothing => {}
        }
    }
}

impl Case {
    /// Does all of it to the tree, and `with` what is to be done then; afterwards the tree is as before.
    pub fn on_tree(&self, with: impl FnOnce(&Tree)) {
        let (tree, functions) = &*TREE;
        let configs = self
            .config
            .iter()
            .enumerate()
            .map(|(function, config)| Edit::Write(function, "config", config.bytes()));
        let configs: Vec<_> = configs.collect();
        let mut olds = Vec::new();
        for edit in configs.iter().chain(&self.edits) {
            let (Edit::Write(function, name, _)
            | Edit::Link(function, name, _)
            | Edit::Remove(function, name)) = edit;
            let path = tree.device(&functions[*function]).join(name);
            if path.parent().is_none_or(|parent| parent.is_symlink() || !parent.is_dir()) {
                continue;
            }
            olds.push((path.clone(), Old::of(&path)));
            // It may not be there.
            let _ = fs::remove_file(&path);
            match edit {
                Edit::Write(_, _, bytes) => fs::write(path, bytes).expect("room for a file"),
                Edit::Link(_, _, to) => drop(symlink(to, path)),
                Edit::Remove(..) => {}
            }
        }
        with(tree);
        olds.iter().rev().for_each(|(path, old)| old.put_back(path));
    }
}
