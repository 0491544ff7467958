use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::num::NonZeroU64;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::line_buffer::Sink;

/// When a log file is set aside for a new one, and how many of those are kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rotation {
    /// Before it would have more bytes than so many.
    pub(crate) max_bytes: Option<NonZeroU64>,
    /// When a day begins, in UTC.
    pub(crate) daily: bool,
    /// How many of those set aside are kept: `PATH.1`, the newest, to `PATH.n`.
    pub(crate) keep: u32,
}

/// A file for lines, which grows up to a limit and begins anew.
///
/// Ours, because what there is rotates either by size or by time, knows no
/// SIGHUP, and leaves half a line behind on a disk that is full.
pub(crate) struct LogFile {
    path: PathBuf,
    rotation: Rotation,
    /// The number of the day in UTC.
    today: fn() -> u64,
    /// `None` after it was set aside and could not be opened again yet.
    open: Option<Open>,
}

struct Open {
    file: File,
    bytes: u64,
    /// The day of its first line.
    day: u64,
    /// Not where the path leads to a device or a pipe.
    is_regular: bool,
}

impl LogFile {
    /// Opens the file, and goes on behind what is in it.
    pub(crate) fn open(path: PathBuf, rotation: Rotation) -> io::Result<Self> {
        Self::on_days(path, rotation, today)
    }

    fn on_days(path: PathBuf, rotation: Rotation, today: fn() -> u64) -> io::Result<Self> {
        let open = Some(Open::at(&path, today())?);
        Ok(Self { path, rotation, today, open })
    }

    /// Sets the file aside, and the oldest of those for good.
    fn rotate(&self, open: &Open) -> io::Result<()> {
        // Somebody else did, or two processes write to one file.
        if !open.is_at(&self.path) {
            return Ok(());
        }
        let keep = self.rotation.keep;
        for number in (0..=keep).rev() {
            match fs::rename(self.numbered(number), self.numbered(number + 1)) {
                Err(error) if number == 0 || error.kind() != io::ErrorKind::NotFound => {
                    return Err(error);
                }
                _ => {}
            }
        }
        // More than one, where fewer are kept than before.
        let beyond = (keep + 1..).take_while(|&n| fs::remove_file(self.numbered(n)).is_ok());
        _ = beyond.count();
        Ok(())
    }

    fn numbered(&self, number: u32) -> PathBuf {
        if number == 0 {
            return self.path.clone();
        }
        let mut path = self.path.clone().into_os_string();
        path.push(format!(".{number}"));
        path.into()
    }
}

impl Write for LogFile {
    /// Writes as many whole lines as there is room for: in the file before it has
    /// to be set aside, or on the disk.
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let today = (self.today)();
        let first = lines.iter().position(|byte| *byte == b'\n').map_or(lines.len(), |at| at + 1);
        if let Some(mut open) = self.open.take() {
            if !open.is_over(self.rotation, today, first) {
                self.open = Some(open);
            } else if let Err(error) = self.rotate(&open) {
                // Better too long than lost. As much more, and it is tried again.
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the log file cannot be set aside");
                (open.bytes, open.day) = (0, today);
                self.open = Some(open);
            }
        }
        let open = match &mut self.open {
            Some(open) => open,
            none => none.insert(Open::at(&self.path, today)?),
        };
        if open.bytes == 0 {
            open.day = today;
        }
        let room = match self.rotation.max_bytes {
            Some(max) if open.is_regular => max.get().saturating_sub(open.bytes),
            _ => u64::MAX,
        };
        let fitting = match usize::try_from(room) {
            Ok(room) if room < lines.len() => whole_lines(&lines[..room]).max(first),
            _ => lines.len(),
        };
        open.append(&lines[..fitting])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for LogFile {
    fn reopen(&mut self) -> io::Result<()> {
        self.open = Some(Open::at(&self.path, (self.today)())?);
        Ok(())
    }
}

impl Open {
    fn at(path: &Path, today: u64) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).mode(0o640).open(path)?;
        let metadata = file.metadata()?;
        let (bytes, is_regular) = (metadata.len(), metadata.is_file());
        // What was written last was written on its day.
        let day = if bytes == 0 { today } else { day_of(metadata.modified()?) };
        Ok(Self { file, bytes, day, is_regular })
    }

    /// Whether a line of so many bytes belongs into the next file.
    fn is_over(&self, rotation: Rotation, today: u64, line: usize) -> bool {
        let is_full = |max: NonZeroU64| self.bytes + line as u64 > max.get();
        self.is_regular
            && self.bytes > 0
            && (rotation.max_bytes.is_some_and(is_full) || rotation.daily && today != self.day)
    }

    fn is_at(&self, path: &Path) -> bool {
        let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
        match (self.file.metadata(), fs::metadata(path)) {
            (Ok(ours), Ok(there)) => identity(ours) == identity(there),
            _ => false,
        }
    }

    /// Writes lines, or those of them that there is room for; an error where
    /// there is none for any.
    fn append(&mut self, lines: &[u8]) -> io::Result<usize> {
        let mut written = 0;
        while written < lines.len() {
            match self.file.write(&lines[written..]) {
                Ok(bytes) if bytes > 0 => written += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                failed => {
                    let whole = whole_lines(&lines[..written]);
                    self.take_back(written - whole);
                    self.bytes += whole as u64;
                    return match failed {
                        Err(error) if whole == 0 => Err(error),
                        _ => Ok(whole),
                    };
                }
            }
        }
        self.bytes += written as u64;
        Ok(written)
    }

    /// Removes the part of a line from the end, so that the next line is one.
    fn take_back(&self, bytes: usize) {
        if bytes > 0
            && let Ok(metadata) = self.file.metadata()
        {
            // Where it fails, there is half a line: the best there is to do.
            _ = self.file.set_len(metadata.len().saturating_sub(bytes as u64));
        }
    }
}

/// How many bytes of the text are whole lines.
fn whole_lines(text: &[u8]) -> usize {
    text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
}

fn today() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "the log is part of no use case")]
    day_of(SystemTime::now())
}

fn day_of(moment: SystemTime) -> u64 {
    moment.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / 86_400
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        static TODAY: Cell<u64> = Cell::new(today());
    }

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn log(folder: &Path, max_bytes: u64, daily: bool, keep: u32) -> LogFile {
        let rotation = Rotation { max_bytes: NonZeroU64::new(max_bytes), daily, keep };
        LogFile::on_days(folder.join("log"), rotation, || TODAY.get()).unwrap()
    }

    /// What there is, by name.
    fn files(folder: &Path) -> Vec<(String, String)> {
        let mut files: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| {
                let text = fs::read_to_string(entry.path()).unwrap();
                (entry.file_name().into_string().unwrap(), text)
            })
            .collect();
        files.sort();
        files
    }

    fn named<const N: usize>(files: [(&str, &str); N]) -> Vec<(String, String)> {
        files.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec()
    }

    #[test]
    fn it_goes_on_behind_what_is_there() {
        let folder = folder();
        fs::write(folder.path().join("log"), "before\n").unwrap();
        log(folder.path(), 0, true, 3).write_all(b"after\n").unwrap();
        assert_eq!(files(folder.path()), named([("log", "before\nafter\n")]));
    }

    #[test]
    fn before_it_is_too_large_it_is_set_aside_and_so_many_are_kept() {
        let folder = folder();
        let mut log = log(folder.path(), 8, false, 2);
        log.write_all(b"one\ntwo\n3\nfour\nfive\nsix\nseven\n").unwrap();
        let expected = [("log", "seven\n"), ("log.1", "six\n"), ("log.2", "five\n")];
        assert_eq!(files(folder.path()), named(expected));
    }

    #[test]
    fn fewer_than_before_are_kept_if_so_many_are_wanted() {
        let folder = folder();
        for number in 1..=5 {
            fs::write(folder.path().join(format!("log.{number}")), number.to_string()).unwrap();
        }
        log(folder.path(), 4, false, 1).write_all(b"one\ntwo\n").unwrap();
        assert_eq!(files(folder.path()), named([("log", "two\n"), ("log.1", "one\n")]));
        log(folder.path(), 4, false, 0).write_all(b"3\n4\n").unwrap();
        assert_eq!(files(folder.path()), named([("log", "3\n4\n")]));
    }

    #[test]
    fn a_line_that_is_larger_than_a_file_stays_one() {
        let folder = folder();
        let mut log = log(folder.path(), 5, false, 3);
        log.write_all(b"a\na line of its own\nb\n").unwrap();
        let expected = [("log", "b\n"), ("log.1", "a line of its own\n"), ("log.2", "a\n")];
        assert_eq!(files(folder.path()), named(expected));
    }

    #[test]
    fn a_day_begins_a_file_also_where_nobody_was_there_at_midnight() {
        let folder = folder();
        let mut log = log(folder.path(), 0, true, 3);
        log.write_all(b"today\n").unwrap();
        TODAY.set(today() + 1);
        log.write_all(b"tomorrow\n").unwrap();
        let expected = [("log", "tomorrow\n"), ("log.1", "today\n")];
        assert_eq!(files(folder.path()), named(expected));
        // To the system, what was written just now was written today.
        let mut log = self::log(folder.path(), 0, true, 3);
        log.write_all(b"again\n").unwrap();
        let expected = [("log", "again\n"), ("log.1", "tomorrow\n"), ("log.2", "today\n")];
        assert_eq!(files(folder.path()), named(expected));
    }

    #[test]
    fn without_limits_it_is_never_set_aside() {
        let folder = folder();
        let mut log = log(folder.path(), 0, false, 0);
        log.write_all(b"today\n").unwrap();
        TODAY.set(today() + 1);
        log.write_all(b"tomorrow\n").unwrap();
        assert_eq!(files(folder.path()), named([("log", "today\ntomorrow\n")]));
    }

    #[test]
    fn moved_away_and_reopened_it_begins_anew() {
        let folder = folder();
        let mut log = log(folder.path(), 0, false, 3);
        log.write_all(b"one\n").unwrap();
        fs::rename(folder.path().join("log"), folder.path().join("moved")).unwrap();
        log.write_all(b"two\n").unwrap();
        log.reopen().unwrap();
        log.write_all(b"three\n").unwrap();
        assert_eq!(files(folder.path()), named([("log", "three\n"), ("moved", "one\ntwo\n")]));
    }

    #[test]
    fn what_somebody_else_moved_away_is_not_set_aside_again() {
        let folder = folder();
        let mut log = log(folder.path(), 4, false, 3);
        log.write_all(b"one\n").unwrap();
        fs::rename(folder.path().join("log"), folder.path().join("moved")).unwrap();
        fs::write(folder.path().join("log"), "").unwrap();
        log.write_all(b"two\n").unwrap();
        assert_eq!(files(folder.path()), named([("log", "two\n"), ("moved", "one\n")]));
    }

    #[test]
    fn what_cannot_be_set_aside_grows() {
        let folder = folder();
        fs::create_dir(folder.path().join("log.1")).unwrap();
        let mut log = log(folder.path(), 4, false, 0);
        log.write_all(b"one\ntwo\n3\n").unwrap();
        let text = fs::read_to_string(folder.path().join("log")).unwrap();
        assert_eq!(text, "one\ntwo\n3\n");
    }

    #[test]
    fn a_full_disk_is_told_and_a_device_is_not_set_aside() {
        let rotation = Rotation { max_bytes: NonZeroU64::new(4), daily: true, keep: 1 };
        let mut log = LogFile::open("/dev/full".into(), rotation).unwrap();
        for _ in 0..2 {
            let error = log.write(b"one\ntwo\n").unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        }
        let mut log = LogFile::open("/dev/null".into(), rotation).unwrap();
        log.write_all(b"one\ntwo\n3\n").unwrap();
        assert!(!Path::new("/dev/null.1").exists());
    }
}
