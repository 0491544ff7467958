use std::sync::{LazyLock, Mutex, PoisonError, mpsc};
use std::thread;

type Task = Box<dyn FnOnce() + Send>;

/// Runs a task on a thread that ends with this process and not before.
///
/// The kernel can be told to end a server with its parent (`PR_SET_PDEATHSIG`),
/// which is the only way where the parent keeps it in a `static`, or is killed.
/// But the parent is the *thread* that started it, and a test's thread ends
/// with the test.
pub(crate) fn on_a_lasting_thread<T: Send + 'static>(
    task: impl FnOnce() -> T + Send + 'static,
) -> T {
    static TASKS: LazyLock<Mutex<mpsc::Sender<Task>>> = LazyLock::new(|| {
        let (tasks, to_do) = mpsc::channel::<Task>();
        thread::spawn(move || to_do.into_iter().for_each(|task| task()));
        Mutex::new(tasks)
    });
    let (done, result) = mpsc::channel();
    let task: Task = Box::new(move || _ = done.send(task()));
    let sent = TASKS.lock().unwrap_or_else(PoisonError::into_inner).send(task);
    sent.expect("the thread lasts");
    result.recv().expect("the task does not panic")
}
