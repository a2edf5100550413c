//! The every-bar and the skipping clock agree to the last bit.
