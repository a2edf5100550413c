//! Why trials failed or were not checked, for the closing screen.

use crate::report::Note;
use crate::sweep::ChunkStore;
use crate::sweep::store::Stored;

/// A note on trials that an earlier run of the study has stored, so that this one did not check them.
pub(super) fn unchecked(stored: u64, run: u64) -> Option<Note> {
    let before = stored.checked_sub(run).filter(|before| *before > 0)?;
    let text =
        format!("{before} of {stored} trials were stored before and are not checked: check all with --fresh");
    Some(Note::Other { code: "not_checked".to_owned(), text })
}

/// A note with the reason of the first stored trial that failed; `None` when none did.
pub(super) fn first_failure<C: ChunkStore>(chunks: &mut C) -> Result<Option<Note>, C::Error> {
    for chunk in chunks.listed()? {
        let Stored::Whole(rows) = chunks.read(chunk)? else { continue };
        let failed = rows.iter().find_map(|row| Some((row.trial.id, row.error.as_deref()?)));
        if let Some((trial, error)) = failed {
            let text = format!("trial {trial} failed: {error}");
            return Ok(Some(Note::Other { code: "failed_trial".to_owned(), text }));
        }
    }
    Ok(None)
}
