use benchmark_domain::chrono::DateTime;
use benchmark_ports::{Document, Timestamp};

/// Which load of a part of the cache an answer belongs to: answers of any other
/// than the present one no longer hold.
pub(crate) type Generation = [u8; 16];

/// An answer as it is kept in Redis.
///
/// ```text
/// version     1 byte
/// checksum    4 bytes, CRC-32 of everything behind it
/// generation  16 bytes
/// expires_at  8 bytes, microseconds since 1970
/// made_at     8 bytes, likewise
/// question    4 bytes of length, then so many
/// etag        4 bytes of length, then so many
/// json        the rest
/// ```
///
/// Numbers are little-endian. Whoever changes anything about it, or about what
/// a question or a document contains, counts the version up: processes of
/// different versions share a Redis during an upgrade.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) generation: Generation,
    pub(crate) expires_at: Timestamp,
    pub(crate) question: &'a [u8],
    pub(crate) made_at: Timestamp,
    pub(crate) etag: &'a str,
    pub(crate) json: &'a [u8],
}

const VERSION: u8 = 1;
const CHECKED_FROM: usize = 5;

impl<'a> Entry<'a> {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let Self { generation, expires_at, question, made_at, etag, json } = self;
        let mut bytes = Vec::with_capacity(64 + question.len() + etag.len() + json.len());
        bytes.push(VERSION);
        bytes.extend([0; 4]);
        bytes.extend(generation);
        bytes.extend(expires_at.timestamp_micros().to_le_bytes());
        bytes.extend(made_at.timestamp_micros().to_le_bytes());
        for text in [question, etag.as_bytes()] {
            // Neither comes near 4 GiB; if one did, the entry would be a miss.
            bytes.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
            bytes.extend(text);
        }
        bytes.extend(*json);
        let checksum = crc32fast::hash(&bytes[CHECKED_FROM..]);
        bytes[1..CHECKED_FROM].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// The entry in these bytes; `None` if this version did not write them so.
    pub(crate) fn decode(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes;
        let [VERSION] = take(&mut rest)? else { return None };
        if u32::from_le_bytes(take(&mut rest)?) != crc32fast::hash(rest) {
            return None;
        }
        Some(Self {
            generation: take(&mut rest)?,
            expires_at: DateTime::from_timestamp_micros(i64::from_le_bytes(take(&mut rest)?))?,
            made_at: DateTime::from_timestamp_micros(i64::from_le_bytes(take(&mut rest)?))?,
            question: take_text(&mut rest)?,
            etag: str::from_utf8(take_text(&mut rest)?).ok()?,
            json: rest,
        })
    }

    pub(crate) fn document(&self) -> Document {
        Document::new(self.json, self.etag.to_owned(), self.made_at)
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(*taken)
}

fn take_text<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = u32::from_le_bytes(take(rest)?);
    let (text, behind) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = behind;
    Some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn moments() -> impl Strategy<Value = Timestamp> {
        let range = DateTime::UNIX_EPOCH.timestamp_micros()..4_102_444_800_000_000_i64;
        range.prop_map(|micros| DateTime::from_timestamp_micros(micros).unwrap())
    }

    prop_compose! {
        fn encoded()(
            generation: Generation,
            expires_at in moments(),
            question: Vec<u8>,
            made_at in moments(),
            etag: String,
            json: Vec<u8>,
        ) -> Vec<u8> {
            let (question, etag, json) = (&question[..], &etag[..], &json[..]);
            let entry = Entry { generation, expires_at, question, made_at, etag, json };
            let bytes = entry.encode();
            let Entry { generation: g, expires_at: e, question: q, made_at: m, etag: t, json: j } =
                Entry::decode(&bytes).expect("what was encoded");
            assert_eq!((g, e, q), (generation, expires_at, question));
            assert_eq!((m, t, j), (made_at, etag, json));
            bytes
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(bytes in encoded()) {
            prop_assert!(Entry::decode(&bytes).is_some());
        }

        #[test]
        fn any_changed_byte_is_a_miss(
            mut bytes in encoded(),
            at: prop::sample::Index,
            change in 1..=u8::MAX,
        ) {
            let at = at.index(bytes.len());
            bytes[at] ^= change;
            prop_assert!(Entry::decode(&bytes).is_none());
        }

        #[test]
        fn anything_cut_off_or_added_is_a_miss(
            mut bytes in encoded(),
            keep: prop::sample::Index,
            more: u8,
        ) {
            prop_assert!(Entry::decode(&bytes[..keep.index(bytes.len())]).is_none());
            bytes.push(more);
            prop_assert!(Entry::decode(&bytes).is_none());
        }

        #[test]
        fn an_entry_of_another_version_is_a_miss(mut bytes in encoded(), version: u8) {
            prop_assume!(version != VERSION);
            bytes[0] = version;
            prop_assert!(Entry::decode(&bytes).is_none());
        }

        #[test]
        fn whatever_else_is_there_is_a_miss(bytes: Vec<u8>) {
            prop_assert!(Entry::decode(&bytes).is_none());
        }

        #[test]
        fn lengths_that_lie_are_a_miss(mut bytes in encoded(), length: u32) {
            prop_assume!(bytes[37..41] != length.to_le_bytes());
            // Even with a checksum that holds, nothing is read out of bounds.
            bytes[37..41].copy_from_slice(&length.to_le_bytes());
            let checksum = crc32fast::hash(&bytes[CHECKED_FROM..]);
            bytes[1..CHECKED_FROM].copy_from_slice(&checksum.to_le_bytes());
            if let Some(entry) = Entry::decode(&bytes) {
                prop_assert_eq!(entry.question.len(), length as usize);
            }
        }
    }
}
