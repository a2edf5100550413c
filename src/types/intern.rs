//! Names that live as long as the program, so that trades can carry them without owning them.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Deserializer};

/// A name that lives as long as the program. The alias keeps serde from borrowing it from the text it reads.
pub type Name = &'static str;

static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// The one copy of a name; each distinct name is kept for the rest of the program.
pub fn intern(name: &str) -> &'static str {
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return known;
    }
    let kept: &'static str = Box::leak(name.into());
    names.insert(kept);
    kept
}

/// Reads a name that may be absent.
pub(crate) fn optional<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<&'static str>, D::Error> {
    Ok(Option::<String>::deserialize(reader)?.map(|name| intern(&name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_once() {
        assert!(std::ptr::eq(intern("long_2"), intern(&String::from("long_2"))));
    }
}
