use serde_json::Value;
use ureq::http::HeaderMap;

/// An answer of the service, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// The envelope; every JSON answer has one.
    pub(crate) fn envelope(&self) -> Value {
        let json: Value = serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {:?}", self.text()));
        let keys: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["data", "message", "success"], "{json}");
        assert_eq!(json["success"], self.status < 400, "{json}");
        json
    }

    pub(crate) fn data(&self) -> Value {
        assert!(self.status < 400, "{}: {}", self.status, self.text());
        self.envelope()["data"].take()
    }

    /// The message of a refusal, which must be of this status.
    pub(crate) fn refusal(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        self.envelope()["message"].as_str().unwrap().to_owned()
    }
}
