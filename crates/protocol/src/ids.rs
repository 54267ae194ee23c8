//! Ids and names. Each is checked once, where it enters, and is right from then on.

use crate::limits::{FILE_NAME_BYTES_MAX, KEY_BYTES_MAX, TASK_ID_BYTES_MAX};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};
use std::{borrow::Cow, fmt, str::FromStr, sync::Arc};

/// Bytes in a host name.
const HOST_BYTES_MAX: usize = 253;

/// A name or id that is not one; says what is wrong and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadName(String);

macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident($text:ty), $check:expr, $pattern:expr, $bytes_max:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name($text);

        impl $name {
            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadName;
            fn try_from(text: String) -> Result<Self, BadName> {
                let check: fn(&str) -> Result<(), String> = $check;
                check(&text).map_err(BadName)?;
                Ok(Self(text.into()))
            }
        }

        impl FromStr for $name {
            type Err = BadName;
            fn from_str(text: &str) -> Result<Self, BadName> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.as_str().to_owned()
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            // Lengths are counted in characters there, and in bytes here: of what is not ASCII fewer fit.
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string", "minLength": 1, "maxLength": $bytes_max, "pattern": $pattern})
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

checked_text! {
    /// A task's id and idempotency key: 1–128 bytes of printable text. Copies share it.
    TaskId(Arc<str>), |text| check_text("a task id", text, TASK_ID_BYTES_MAX), PRINTABLE, TASK_ID_BYTES_MAX
}
checked_text! {
    /// Who a peer is, from its first start on.
    PeerId(String), |text| check_text("a peer id", text, TASK_ID_BYTES_MAX), PRINTABLE, TASK_ID_BYTES_MAX
}
checked_text! {
    /// A key of the memory: 1–1024 bytes, no control characters.
    Key(String), |text| check_text("a key", text, KEY_BYTES_MAX), PRINTABLE, KEY_BYTES_MAX
}
checked_text! {
    /// A file's name: a name, not a path.
    FileName(String), check_file_name, NAME, FILE_NAME_BYTES_MAX
}

/// No control characters, as a regular expression.
const PRINTABLE: &str = "^[^\\u0000-\\u001f\\u007f-\\u009f]+$";
/// Nor anything that a path is made of.
const NAME: &str = "^(?!.*\\.\\.)(?!\\.$)[^\\u0000-\\u001f\\u007f-\\u009f/\\\\]+$";

fn check_text(what: &str, text: &str, bytes_max: usize) -> Result<(), String> {
    if text.is_empty() {
        return Err(format!("{what} must not be empty"));
    }
    if text.len() > bytes_max {
        return Err(format!("{what} has at most {bytes_max} bytes, this one has {}", text.len()));
    }
    if text.chars().any(char::is_control) {
        return Err(format!("{what} must not contain control characters"));
    }
    Ok(())
}

fn check_file_name(text: &str) -> Result<(), String> {
    check_text("a file name", text, FILE_NAME_BYTES_MAX)?;
    if text == "." || text == ".." {
        return Err(format!("{text:?} is not a file name: it is a folder"));
    }
    if text.contains(['/', '\\']) {
        return Err("a file name is a name, not a path: it must not contain / or \\".to_owned());
    }
    if text.contains("..") {
        return Err("a file name must not contain \"..\"".to_owned());
    }
    Ok(())
}

/// Where a node is reached: `ip:port`, or `host:port`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    host: String,
    port: u16,
}

impl Address {
    /// The node at this host and port.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port }
    }

    /// The same, when the host comes from a stranger.
    ///
    /// # Errors
    /// When the host is no IP address and no host name.
    pub fn checked(host: &str, port: u16) -> Result<Self, BadName> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        if host.is_empty() || host.len() > HOST_BYTES_MAX || !host.chars().all(is_plain) {
            return Err(BadName("a host is an IP address or a host name of at most 253 letters".to_owned()));
        }
        Ok(Self::new(host, port))
    }

    /// The host: an IP address or a name.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The TCP port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl From<std::net::SocketAddr> for Address {
    fn from(address: std::net::SocketAddr) -> Self {
        Self::new(address.ip().to_canonical().to_string(), address.port())
    }
}

impl TryFrom<String> for Address {
    type Error = BadName;
    fn try_from(text: String) -> Result<Self, BadName> {
        let wrong = || BadName(format!("an address is \"host:port\", not {text:?}"));
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = port.parse().map_err(|_| wrong())?;
        Self::checked(host, port).map_err(|_| wrong())
    }
}

impl FromStr for Address {
    type Err = BadName;
    fn from_str(text: &str) -> Result<Self, BadName> {
        Self::try_from(text.to_owned())
    }
}

impl From<Address> for String {
    fn from(address: Address) -> String {
        address.to_string()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(formatter, "[{}]:{}", self.host, self.port)
        } else {
            write!(formatter, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_are_not_file_names() {
        for bad in ["", ".", "..", "a/b", "a\\b", "../x", "a..b", "a\0b", "a\nb", "/etc/passwd"] {
            assert!(FileName::from_str(bad).is_err(), "{bad:?}");
        }
        assert!(FileName::from_str(&"x".repeat(256)).is_err());
        for good in ["a", "a.txt", ".hidden", "übung 1.txt", &"x".repeat(255)] {
            assert!(FileName::from_str(good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn addresses_read_what_they_write() {
        for text in ["127.0.0.1:9000", "[::1]:80", "node-1:8888"] {
            assert_eq!(Address::from_str(text).unwrap().to_string(), text);
        }
        for bad in ["", "127.0.0.1", ":80", "a:b", "a:70000", "a b:1"] {
            assert!(Address::from_str(bad).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn a_file_name_stays_in_its_folder(text in ".*") {
            if let Ok(name) = FileName::try_from(text) {
                let path = std::path::Path::new("folder").join(name.as_str());
                prop_assert_eq!(path.parent(), Some(std::path::Path::new("folder")));
            }
        }
    }
}
