//! How values of the domain look in formats that people read (JSON): as the text they print, and
//! parsed on the way in. In binary formats they keep the layout of their bytes.

/// Implements `Serialize` and `Deserialize` for a newtype over bytes: its text in formats that
/// people read, the bytes themselves elsewhere.
macro_rules! serde_as_text_or_bytes {
    ($name:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    return serializer.collect_str(self);
                }
                serde::Serialize::serialize(&self.0, serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text: std::borrow::Cow<'de, str> =
                        serde::Deserialize::deserialize(deserializer)?;
                    return text.parse().map_err(serde::de::Error::custom);
                }
                serde::Deserialize::deserialize(deserializer).map(Self)
            }
        }
    };
}

pub(crate) use serde_as_text_or_bytes;
