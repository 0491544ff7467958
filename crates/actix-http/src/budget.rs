//! How much memory the bodies of all requests may take together.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{Bytes, BytesMut};

use crate::error::ApiError;

/// So many bytes, of which bodies take what they hold. Clones are the same bytes.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    left: Arc<AtomicUsize>,
}

impl Budget {
    pub(crate) fn of(bytes: usize) -> Self {
        Self { left: Arc::new(AtomicUsize::new(bytes)) }
    }

    /// A body of at most `limit` bytes, of which nothing is there yet.
    pub(crate) fn body(&self, limit: usize) -> Growing {
        let share = Share { left: Arc::clone(&self.left), bytes: 0 };
        Growing { bytes: BytesMut::new(), limit, share }
    }
}

/// What a body has taken of the budget, given back when it is dropped.
#[derive(Debug)]
struct Share {
    left: Arc<AtomicUsize>,
    bytes: usize,
}

impl Share {
    fn grow(&mut self, bytes: usize) -> Result<(), ApiError> {
        let less = |left: usize| left.checked_sub(bytes);
        if self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_err() {
            return Err(ApiError::unavailable(
                "other bodies take all the memory there is for them",
            ));
        }
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.left.fetch_add(self.bytes, Ordering::Relaxed);
    }
}

/// A body as far as it has arrived, or is decoded.
#[derive(Debug)]
pub(crate) struct Growing {
    bytes: BytesMut,
    limit: usize,
    share: Share,
}

impl Growing {
    /// Adds what comes next.
    ///
    /// # Errors
    /// 413 where it is more than the limit, 503 where nothing is left for it of
    /// what all bodies may take.
    pub(crate) fn extend(&mut self, part: &[u8]) -> Result<(), ApiError> {
        if self.bytes.len() + part.len() > self.limit {
            return Err(ApiError::too_large(self.limit));
        }
        self.share.grow(part.len())?;
        self.bytes.extend_from_slice(part);
        Ok(())
    }

    /// The whole body.
    pub(crate) fn finish(self) -> Held {
        let Self { bytes, limit: _, share } = self;
        Held { bytes: bytes.freeze(), _share: share }
    }
}

/// A whole body, which counts for as long as it is held.
#[derive(Debug)]
pub(crate) struct Held {
    bytes: Bytes,
    _share: Share,
}

impl Deref for Held {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use actix_web::ResponseError;

    use super::*;

    #[test]
    fn bodies_that_are_too_much_together_are_refused_until_one_is_dropped() {
        let budget = Budget::of(10);
        let mut one = budget.body(10);
        one.extend(&[1; 4]).unwrap();
        one.extend(&[1; 2]).unwrap();
        let one = one.finish();
        assert_eq!(*one, [1; 6]);
        let mut other = budget.clone().body(10);
        other.extend(&[2; 4]).unwrap();
        assert_eq!(other.extend(&[2]).unwrap_err().status_code(), 503);
        drop(one);
        other.extend(&[2; 6]).unwrap();
        assert_eq!(other.extend(&[2]).unwrap_err().status_code(), 413);
        drop(other);
        budget.body(10).extend(&[3; 10]).unwrap();
    }
}
