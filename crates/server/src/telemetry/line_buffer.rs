use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

/// How many bytes may wait to be written: some ten thousand lines.
const MOST_WAITING: usize = 8 << 20;

/// How long lines gather between two writes where there are many: long enough to
/// make one write of a hundred lines, short enough for that write not to be felt
/// by requests that wait on the same core.
const GATHERING: Duration = Duration::from_millis(1);

/// How long whoever ends waits for what is not written yet.
const PATIENCE: Duration = Duration::from_secs(1);

/// Lines on their way to where writing may take long. Whoever has one only
/// copies it into memory; a thread writes. Where it cannot keep up lines are
/// dropped and counted: a slow log must not make slow answers.
///
/// One buffer instead of a queue of lines: handing each line to the thread by
/// itself costs more than making it.
#[derive(Clone)]
pub(crate) struct LineBuffer(Arc<Shared>);

/// Where the lines go in the end.
pub(crate) trait Sink: Write + Send + 'static {
    /// Opens anew what it writes to, where somebody may have moved that away.
    fn reopen(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for io::Stderr {}

struct Shared {
    waiting: Mutex<Waiting>,
    wake: Condvar,
    dropped: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    /// Whether the thread sleeps until there are lines.
    idle: bool,
    reopen: bool,
    ended: bool,
}

/// Has the lines written that wait when it is dropped, for as long as a second.
pub(crate) struct WrittenOnDrop {
    buffer: LineBuffer,
    written: mpsc::Receiver<()>,
}

impl LineBuffer {
    /// A buffer in front of `sink`, and what ends it.
    pub(crate) fn before(sink: impl Sink) -> io::Result<(Self, WrittenOnDrop)> {
        let (waiting, dropped) = (Mutex::default(), AtomicU64::new(0));
        let buffer = Self(Arc::new(Shared { waiting, wake: Condvar::new(), dropped }));
        let (done, written) = mpsc::channel();
        let writing = buffer.clone();
        thread::Builder::new().name("log".to_owned()).spawn(move || {
            writing.0.write_to(sink);
            // Nobody listens where nobody waits for the end.
            _ = done.send(());
        })?;
        Ok((buffer.clone(), WrittenOnDrop { buffer, written }))
    }

    /// How many lines were dropped so far.
    pub(crate) fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }

    /// Has the sink [reopened](Sink::reopen) before the next line.
    pub(crate) fn reopen(&self) {
        lock(&self.0.waiting).reopen = true;
        self.0.wake.notify_one();
    }

    /// Adds whole lines.
    pub(super) fn add(&self, lines: &[u8]) {
        let Shared { waiting, wake, dropped } = &*self.0;
        let mut waiting = lock(waiting);
        if waiting.lines.len() + lines.len() > MOST_WAITING {
            dropped.fetch_add(count(lines), Ordering::Relaxed);
            return;
        }
        waiting.lines.extend_from_slice(lines);
        if std::mem::take(&mut waiting.idle) {
            wake.notify_one();
        }
    }
}

impl Shared {
    fn write_to(&self, mut sink: impl Sink) {
        let (mut taken, mut told) = (Vec::new(), 0);
        loop {
            let mut waiting = lock(&self.waiting);
            while waiting.lines.is_empty() && !waiting.reopen && !waiting.ended {
                waiting.idle = true;
                waiting = self.wake.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            }
            std::mem::swap(&mut waiting.lines, &mut taken);
            let (reopen, ended) = (std::mem::take(&mut waiting.reopen), waiting.ended);
            drop(waiting);
            if reopen && let Err(error) = sink.reopen() {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the log goes on where it was");
            }
            let lost = write(&mut sink, &taken);
            let dropped = self.dropped.fetch_add(lost, Ordering::Relaxed) + lost;
            if ended {
                return;
            }
            // Once it can be read: who looks for a line is to know of the gap.
            if lost == 0 && !taken.is_empty() && dropped > told {
                tracing::warn!(lines = dropped - told, "lines of the log were lost");
                told = dropped;
            }
            taken.clear();
            let waiting = lock(&self.waiting);
            let gathered = self.wake.wait_timeout_while(waiting, GATHERING, |w| !w.ended);
            drop(gathered);
        }
    }
}

impl Drop for WrittenOnDrop {
    fn drop(&mut self) {
        let Shared { waiting, wake, .. } = &*self.buffer.0;
        lock(waiting).ended = true;
        wake.notify_one();
        // A sink that takes nothing any more must not hold up the end.
        _ = self.written.recv_timeout(PATIENCE);
    }
}

/// Writes lines, and returns how many of them could not be written.
fn write(sink: &mut impl Write, mut lines: &[u8]) -> u64 {
    while !lines.is_empty() {
        match sink.write(lines) {
            Ok(bytes) if bytes > 0 => lines = &lines[bytes..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            _ => break,
        }
    }
    count(lines)
}

fn lock(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

fn count(lines: &[u8]) -> u64 {
    lines.iter().filter(|byte| **byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sink that writes when it is let.
    struct Gated {
        gate: mpsc::Receiver<()>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Gated {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.gate.recv().map_err(io::Error::other)?;
            self.written.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Sink for Gated {}

    fn gated() -> (mpsc::Sender<()>, Arc<Mutex<Vec<u8>>>, Gated) {
        let (open, gate) = mpsc::channel();
        let written = Arc::default();
        (open, Arc::clone(&written), Gated { gate, written })
    }

    #[test]
    fn what_waits_is_written_in_order_when_the_log_ends() {
        let (open, written, sink) = gated();
        let (buffer, end) = LineBuffer::before(sink).unwrap();
        (0..100).for_each(|_| open.send(()).unwrap());
        let text: String = (0..50).map(|number| format!("line {number}\n")).collect();
        for line in text.split_inclusive('\n') {
            buffer.add(line.as_bytes());
        }
        drop(end);
        assert_eq!(String::from_utf8(written.lock().unwrap().clone()).unwrap(), text);
        assert_eq!(buffer.dropped(), 0);
    }

    #[test]
    fn a_sink_that_takes_nothing_costs_lines_and_holds_up_nobody() {
        let (_shut, _, sink) = gated();
        let (buffer, end) = LineBuffer::before(sink).unwrap();
        let line = format!("{}\n", "x".repeat(1023));
        for _ in 0..20_000 {
            buffer.add(line.as_bytes());
        }
        assert!(buffer.dropped() > 0);
        drop(end);
    }

    #[test]
    fn lines_that_cannot_be_written_are_counted() {
        let (shut, _, sink) = gated();
        drop(shut);
        let (buffer, end) = LineBuffer::before(sink).unwrap();
        buffer.add(b"one\ntwo\n");
        drop(end);
        assert_eq!(buffer.dropped(), 2);
    }

    /// A sink with room for so many bytes.
    struct Small(Arc<Mutex<(usize, Vec<u8>)>>);

    impl Write for Small {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let (room, written) = &mut *self.0.lock().unwrap();
            let fits = bytes.len().min(*room);
            if fits == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            *room -= fits;
            written.extend_from_slice(&bytes[..fits]);
            Ok(fits)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Sink for Small {
        fn reopen(&mut self) -> io::Result<()> {
            self.0.lock().unwrap().0 = 100;
            Ok(())
        }
    }

    fn wait_until(is_so: impl Fn() -> bool) {
        let begun = std::time::Instant::now();
        while !is_so() {
            assert!(begun.elapsed() < Duration::from_secs(5));
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn what_fits_is_written_the_rest_is_counted_and_it_goes_on_when_there_is_room() {
        let disk = Arc::new(Mutex::new((6, Vec::new())));
        let (buffer, end) = LineBuffer::before(Small(Arc::clone(&disk))).unwrap();
        buffer.add(b"one\ntwo\nthree\n");
        wait_until(|| buffer.dropped() == 2);
        buffer.reopen();
        buffer.add(b"four\n");
        drop(end);
        assert_eq!(disk.lock().unwrap().1, b"one\ntwfour\n");
        assert_eq!(buffer.dropped(), 2);
    }

    #[test]
    fn it_is_reopened_also_where_nothing_is_written() {
        let disk = Arc::new(Mutex::new((6, Vec::new())));
        let (buffer, _end) = LineBuffer::before(Small(Arc::clone(&disk))).unwrap();
        buffer.reopen();
        wait_until(|| disk.lock().unwrap().0 == 100);
    }
}
