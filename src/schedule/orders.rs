//! Orders to a worker, written on a thread of their own: a worker that does not
//! read must hold up nobody but itself.

use std::io::{self, Write};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;

use jem_core::event::Command as Order;

/// Orders that may wait for a worker to read them: a trial, the wish to stop
/// and the wish to leave. The next trial is given once one is over.
const WAITING: usize = 4;

/// Why an order does not reach a worker.
#[derive(Debug, thiserror::Error)]
pub enum Unsent {
    /// It cannot be written down, and would not be for another worker either.
    #[error("what the worker is to do cannot be written down: {0}")]
    Unwritable(#[from] serde_json::Error),
    /// The worker does not read.
    #[error("the worker reads no orders")]
    Unread,
    /// The worker has closed its standard input, or is gone.
    #[error("the worker takes no more orders")]
    Closed,
}

/// The way to one worker's standard input. It is closed when this is dropped
/// and what was sent is written, or the worker has ended.
#[derive(Debug)]
pub struct Orders {
    sender: SyncSender<Vec<u8>>,
}

impl Orders {
    /// Writes to `to`; `refused` is called once, on the thread that writes,
    /// where an order could not be written.
    pub fn new(
        mut to: impl Write + Send + 'static,
        refused: impl FnOnce(io::Error) + Send + 'static,
    ) -> Self {
        let (sender, orders) = sync_channel::<Vec<u8>>(WAITING);
        thread::spawn(move || {
            for line in orders {
                if let Err(error) = to.write_all(&line).and_then(|()| to.flush()) {
                    return refused(error);
                }
            }
        });
        Self { sender }
    }

    /// Sends `order`, and does not wait until it is read.
    ///
    /// # Errors
    /// When it will not reach the worker.
    pub fn send(&self, order: &Order) -> Result<(), Unsent> {
        let mut line = serde_json::to_vec(order)?;
        line.push(b'\n');
        self.sender.try_send(line).map_err(|error| match error {
            TrySendError::Full(_) => Unsent::Unread,
            TrySendError::Disconnected(_) => Unsent::Closed,
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::io::Read;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    const SOON: Duration = Duration::from_secs(60);

    #[test]
    fn an_order_that_is_not_read_holds_up_nobody_and_is_told_in_the_end() {
        // Its other end is never read from, and has no room for an order.
        let (reader, mut writer) = io::pipe().unwrap();
        rustix::io::ioctl_fionbio(&writer, true).unwrap();
        while writer.write(&[b'x'; 1 << 16]).is_ok() {}
        rustix::io::ioctl_fionbio(&writer, false).unwrap();
        let (told, refusals) = channel();
        let orders = Orders::new(writer, move |error| told.send(error.kind()).unwrap());
        let unread = (0..100).find_map(|_| orders.send(&Order::Quit).err()).unwrap();
        assert!(matches!(unread, Unsent::Unread), "{unread}");
        drop(reader);
        assert_eq!(refusals.recv_timeout(SOON).unwrap(), io::ErrorKind::BrokenPipe);
        let closed = || matches!(orders.send(&Order::Quit), Err(Unsent::Closed));
        while !closed() {
            thread::yield_now();
        }
    }

    #[test]
    fn a_trial_that_cannot_be_written_down_is_an_error_and_is_not_dropped() {
        use std::os::unix::ffi::OsStrExt;
        let folder = tempfile::tempdir().unwrap();
        let store = jem_core::store::Store::create(folder.path()).unwrap();
        let mut job = crate::schedule::claims::tests::job(&store);
        job.store = std::ffi::OsStr::from_bytes(b"caf\xe9").into();
        let (_reader, writer) = io::pipe().unwrap();
        let sent = Orders::new(writer, |_| {}).send(&Order::Run(Box::new(job)));
        assert!(matches!(sent, Err(Unsent::Unwritable(_))), "{sent:?}");
    }

    #[test]
    fn the_standard_input_is_closed_once_all_is_written() {
        let (mut reader, writer) = io::pipe().unwrap();
        let orders = Orders::new(writer, |_| {});
        orders.send(&Order::Stop).unwrap();
        orders.send(&Order::Quit).unwrap();
        drop(orders);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "\"Stop\"\n\"Quit\"\n");
    }
}
