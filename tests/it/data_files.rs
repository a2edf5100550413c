//! Files as users have them: formats, damages, quality.
