//! A small disk: a file system in memory that fills up.
//!
//! Owns its mount. Must never be left behind: it goes with its last user. Only root can have one.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use tempfile::TempDir;

/// The disk.
#[derive(Debug)]
pub struct SmallDisk(TempDir);

impl SmallDisk {
    /// Makes one of so many bytes; `None` where that is not allowed.
    ///
    /// # Errors
    /// When there is no folder for it.
    pub fn new(bytes: u64) -> anyhow::Result<Option<Self>> {
        let disk = Self(tempfile::Builder::new().prefix("kukuri-disk-").tempdir()?);
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"]);
        mount.arg(disk.0.path()).stderr(Stdio::null());
        let is_mounted = mount.status().is_ok_and(|status| status.success());
        Ok(is_mounted.then_some(disk))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Where nothing was mounted there is nothing to be undone.
        let _ = Command::new("umount")
            .arg("-l")
            .arg(self.0.path())
            .stderr(Stdio::null())
            .status();
    }
}
